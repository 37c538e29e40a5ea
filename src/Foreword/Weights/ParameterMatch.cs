using Foreword.Models;

namespace Foreword.Weights;

/// <summary>Matches the tensors of a file with the parameters that a configuration requires.</summary>
internal static class ParameterMatch
{
    /// <summary>The largest number of names that a message lists before "and N more".</summary>
    private const int MostListed = 10;

    /// <summary>Checks the tensors and gives each one its name in Foreword.</summary>
    /// <returns>The tensors, named as <see cref="GptParameter.Of"/> names them.</returns>
    /// <inheritdoc cref="Check"/>
    public static IReadOnlyList<StoredTensor> Of(string path, ModelConfig config, IReadOnlyCollection<(string Name, StoredTensor Tensor)> tensors, Func<string, string> fileName)
    {
        Check(path, config, [.. tensors.Select(pair => (pair.Name, (WeightTensor)pair.Tensor))], fileName);
        return [.. tensors.Select(pair => pair.Tensor.As(pair.Name, pair.Tensor.Shape))];
    }

    /// <summary>Checks that the tensors are exactly the parameters of the configuration.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="config">The architecture.</param>
    /// <param name="tensors">The tensors of the file. Each one has its name in Foreword, or its name in the file if Foreword has none for it.</param>
    /// <param name="fileName">Maps a name in Foreword to the name in the file, for messages.</param>
    /// <exception cref="InvalidDataException">
    /// Tensors are missing, unexpected, of the wrong shape, or not of a floating-point type. The message lists all of them.
    /// </exception>
    public static void Check(string path, ModelConfig config, IReadOnlyCollection<(string Name, WeightTensor Tensor)> tensors, Func<string, string> fileName)
    {
        CheckLayers(path, config, tensors.Count);
        Dictionary<string, GptParameter> expected = GptParameter.Of(config).ToDictionary(p => p.Name, StringComparer.Ordinal);
        HashSet<string> found = new(StringComparer.Ordinal);
        List<string> extra = [];
        List<string> misshapen = [];
        foreach ((string name, WeightTensor tensor) in tensors)
        {
            if (!expected.TryGetValue(name, out GptParameter? parameter) || !found.Add(name))
                extra.Add(tensor.FileName);
            else if (Misfit(tensor, parameter) is { } misfit)
                misshapen.Add(misfit);
        }

        List<string> missing = [.. expected.Keys.Where(name => !found.Contains(name)).Select(fileName)];
        if (missing.Count + extra.Count + misshapen.Count == 0)
            return;
        string[] faults = [.. new[] { List("missing", missing), List("extra", extra), List("misshapen", misshapen) }.OfType<string>()];
        throw new InvalidDataException($"{path}: the tensors do not match the model's configuration: {string.Join("; ", faults)}");
    }

    /// <summary>
    /// Checks that the file holds at least one tensor per layer. Otherwise an absurd number of layers would fill the memory with parameter names.
    /// </summary>
    /// <exception cref="InvalidDataException">There are fewer tensors than layers.</exception>
    public static void CheckLayers(string path, ModelConfig config, int tensors)
    {
        if (config.LayerCount > tensors)
            throw new InvalidDataException($"{path}: the file holds {tensors} tensors, too few for the configuration's {config.LayerCount} layers");
    }

    private static string? Misfit(WeightTensor tensor, GptParameter parameter)
    {
        if (!tensor.Shape.AsSpan().SequenceEqual(parameter.Shape))
            return $"{tensor.FileName} is {TensorInfo.Format(tensor.Shape)}, not {TensorInfo.Format(parameter.Shape)}";
        return tensor is StoredTensor stored && !stored.DType.IsFloat() ? $"{tensor.FileName} is {tensor.Type}, not F32, F16, BF16 or F64" : null;
    }

    private static string? List(string fault, List<string> items) => items.Count == 0
        ? null
        : $"{items.Count} {fault} ({string.Join(", ", items.Take(MostListed))}{(items.Count > MostListed ? $" and {items.Count - MostListed} more" : "")})";
}
