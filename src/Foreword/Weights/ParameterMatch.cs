namespace Foreword.Weights;

/// <summary>Brings the tensors of a file together with the parameters that a configuration asks for.</summary>
internal static class ParameterMatch
{
    /// <summary>Names listed in a message before "and N more".</summary>
    private const int MostListed = 10;

    /// <summary>Finds every parameter.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="config">The architecture.</param>
    /// <param name="tensors">The file's tensors, each with our name, or the file's own where it has none.</param>
    /// <param name="fileName">What the file calls the parameter of our name, for messages.</param>
    /// <exception cref="InvalidDataException">Tensors are missing, too many, misshapen or no floating-point numbers; all are listed.</exception>
    public static IReadOnlyList<StoredTensor> Of(string path, GptConfig config, IReadOnlyCollection<(string Name, StoredTensor Tensor)> tensors, Func<string, string> fileName)
    {
        CheckLayers(path, config, tensors.Count);
        Dictionary<string, GptParameter> expected = GptParameter.Of(config).ToDictionary(p => p.Name, StringComparer.Ordinal);
        Dictionary<string, StoredTensor> found = new(StringComparer.Ordinal);
        List<string> extra = [];
        List<string> misshapen = [];
        foreach ((string name, StoredTensor tensor) in tensors)
        {
            if (!expected.TryGetValue(name, out GptParameter? parameter) || found.ContainsKey(name))
                extra.Add(tensor.FileName);
            else if (Misfit(tensor, parameter) is { } misfit)
                misshapen.Add(misfit);
            if (parameter is not null)
                found.TryAdd(name, tensor.As(name, tensor.Shape));
        }

        List<string> missing = [.. expected.Keys.Where(name => !found.ContainsKey(name)).Select(fileName)];
        if (missing.Count + extra.Count + misshapen.Count > 0)
        {
            string[] faults = [.. new[] { List("missing", missing), List("extra", extra), List("misshapen", misshapen) }.OfType<string>()];
            throw new InvalidDataException($"{path}: the tensors do not fit the model's configuration: {string.Join("; ", faults)}");
        }

        return [.. found.Values];
    }

    /// <summary>Keeps an absurd number of layers from filling the memory with names.</summary>
    /// <exception cref="InvalidDataException">There are fewer tensors than layers.</exception>
    public static void CheckLayers(string path, GptConfig config, int tensors)
    {
        if (config.NLayer > tensors)
            throw new InvalidDataException($"{path}: the file holds {tensors} tensors, too few for the configuration's {config.NLayer} layers");
    }

    private static string? Misfit(StoredTensor tensor, GptParameter parameter)
    {
        if (!tensor.Shape.AsSpan().SequenceEqual(parameter.Shape))
            return $"{tensor.FileName} is {tensor.ShapeText}, not {TensorInfo.Format(parameter.Shape)}";
        return tensor.DType.IsFloat() ? null : $"{tensor.FileName} is {tensor.DType.HeaderName()}, not F32, F16, BF16 or F64";
    }

    private static string? List(string fault, List<string> items) => items.Count == 0
        ? null
        : $"{items.Count} {fault} ({string.Join(", ", items.Take(MostListed))}{(items.Count > MostListed ? $" and {items.Count - MostListed} more" : "")})";
}
