using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.FileSystemGlobbing;

namespace Foreword.Hub;

/// <summary>Selects the files of a repository that a GPT needs: the configuration, the tokenizer, and the weights in one format.</summary>
internal static partial class ModelSelection
{
    private static readonly string[] Small =
    [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
        "vocab.json", "merges.txt", "encoder.json", "vocab.bpe", "vocab.txt", "encoder_bpe_40000.json", "vocab_40000.bpe", "hparams.json", "params_shapes.json",
    ];

    /// <summary>The weights formats, the preferred one first. Safetensors files contain no code and need no conversion.</summary>
    private static readonly Func<IReadOnlyList<string>, IReadOnlyList<string>>[] Weights =
    [
        paths => Named(paths, "model.safetensors"),
        paths => Sharded(paths, "model.safetensors.index.json", SafetensorsShard()),
        paths => Named(paths, "pytorch_model.bin"),
        paths => Sharded(paths, "pytorch_model.bin.index.json", BinShard()),
        paths => Checkpoint(paths),
        paths => Numpy(paths),
        OnlyGguf,
    ];

    /// <summary>Returns the files to download: those that match a pattern or, without patterns, those that a GPT needs.</summary>
    /// <exception cref="InvalidDataException">No file matches, or the repository has no weights or only a part of them.</exception>
    public static IReadOnlyList<HubFile> Choose(string source, IReadOnlyList<HubFile> files, IReadOnlyList<string> patterns)
    {
        HashSet<string> chosen = patterns.Count == 0
            ? [.. Choose(source, [.. files.Select(file => file.Path)])]
            : Matching(files, patterns);
        return chosen.Count > 0
            ? [.. files.Where(file => chosen.Contains(file.Path)).OrderBy(file => file.Size ?? 0)] // small files first, so that their errors show before gigabytes are downloaded
            : throw new InvalidDataException($"{source}: no file matches {string.Join(" or ", patterns)}");
    }

    /// <summary>Returns the paths to download.</summary>
    /// <param name="source">The repository, for error messages.</param>
    /// <param name="paths">All paths of the repository. Those in folders are never selected.</param>
    /// <exception cref="InvalidDataException">The repository has no weights, or only a part of them.</exception>
    private static IReadOnlyList<string> Choose(string source, IReadOnlyList<string> paths)
    {
        foreach (Func<IReadOnlyList<string>, IReadOnlyList<string>> format in Weights)
        {
            if (format(paths) is { Count: > 0 } weights)
                return [.. Small.Where(paths.Contains), .. weights];
        }

        string[] ggufs = Ggufs(paths);
        throw new InvalidDataException(ggufs.Length > 1
            ? $"{source} holds {ggufs.Length} GGUF files; choose one of them, such as {ggufs[0]}"
            : $"{source} holds no complete weights in a format that Foreword reads (safetensors, pytorch_model.bin, TensorFlow checkpoint, GGUF)");
    }

    private static HashSet<string> Matching(IReadOnlyList<HubFile> files, IReadOnlyList<string> patterns)
    {
        Matcher matcher = new(StringComparison.Ordinal);
        matcher.AddIncludePatterns(patterns);
        return [.. matcher.Match(files.Select(file => file.Path)).Files.Select(match => match.Path)];
    }

    private static string[] Ggufs(IReadOnlyList<string> paths) => [.. paths.Where(path => path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) && !path.Contains('/'))];

    private static IReadOnlyList<string> OnlyGguf(IReadOnlyList<string> paths) => Ggufs(paths) is [string only] ? [only] : [];

    private static IReadOnlyList<string> Named(IReadOnlyList<string> paths, params string[] names) => names.All(paths.Contains) ? names : [];

    /// <summary>Selects OpenAI's GPT-2 release: a checkpoint with one data file.</summary>
    private static IReadOnlyList<string> Checkpoint(IReadOnlyList<string> paths) =>
        Named(paths, "model.ckpt.index", "model.ckpt.data-00000-of-00001", "hparams.json") is { Count: > 0 } found ? [.. found.Except(Small)] : [];

    /// <summary>Selects OpenAI's GPT-1 release.</summary>
    private static IReadOnlyList<string> Numpy(IReadOnlyList<string> paths) =>
        Named(paths, [.. Enumerable.Range(0, 10).Select(i => string.Create(CultureInfo.InvariantCulture, $"params_{i}.npy"))]);

    /// <summary>Selects the index and its shards, if all shards are listed.</summary>
    private static IReadOnlyList<string> Sharded(IReadOnlyList<string> paths, string index, Regex name)
    {
        string[] shards = [.. paths.Where(path => name.IsMatch(path))];
        return paths.Contains(index) && shards.Length > 0 && shards.All(shard => name.Match(shard).Groups["of"].Value == shards.Length.ToString("D5", CultureInfo.InvariantCulture))
            ? [index, .. shards]
            : [];
    }

    [GeneratedRegex(@"^model-\d{5}-of-(?<of>\d{5})\.safetensors$", RegexOptions.CultureInvariant)]
    private static partial Regex SafetensorsShard();

    [GeneratedRegex(@"^pytorch_model-\d{5}-of-(?<of>\d{5})\.bin$", RegexOptions.CultureInvariant)]
    private static partial Regex BinShard();
}
