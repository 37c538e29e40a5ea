using Foreword.Data.Preparing;
using Foreword.Data.Recipes;
using Foreword.Data.Shards;
using Foreword.IO;

namespace Foreword.Torch.Runs;

/// <summary>Compares the text that a recipe names with the text that a run's shards were made from.</summary>
internal static class TextCheck
{
    /// <summary>
    /// Throws if the contents of the text are not those that the shards were made from. Files may have moved, because their hashes are
    /// compared. Text with unchanged names may also be missing, because it is no longer needed.
    /// </summary>
    /// <param name="shards">Directory of the run's shards and their manifest.</param>
    /// <param name="section">The recipe's data section, which names text.</param>
    /// <exception cref="FileNotFoundException">A file does not exist.</exception>
    /// <exception cref="InvalidDataException">The text is different. The message names the file.</exception>
    public static void Check(string shards, DataSection section)
    {
        string manifestPath = Path.Combine(shards, ShardManifest.FileName);
        if (!File.Exists(manifestPath))
            return; // the process was killed before the shards were complete; they will be made from the text named now
        ShardManifest manifest = ShardManifest.Load(shards);
        bool sameNames = manifest.Inputs.SequenceEqual(section.Text);
        if (manifest.Files is not { } before)
        {
            if (!sameNames)
                throw new InvalidDataException($"data.text is {Named(section.Text)}; the run's tokens were made from {Named(manifest.Inputs)} ({manifestPath})");
            return;
        }

        if (sameNames && section.Text.Any(path => !path.Contains('*', StringComparison.Ordinal) && !File.Exists(path) && !Directory.Exists(path)))
            return;
        Compare(before, CorpusReader.Open(section.Text, section.Layout ?? CorpusLayout.Text, section.Reading()).Files, manifestPath);
    }

    private static void Compare(IReadOnlyList<ManifestFile> before, IReadOnlyList<string> files, string manifestPath)
    {
        HashSet<long> lengths = [.. before.Select(file => file.Bytes)];
        HashSet<string> hashes = [.. before.Select(file => file.Sha256)];
        HashSet<string> found = [];
        foreach (string file in files)
        {
            string? hash = lengths.Contains(new FileInfo(file).Length) ? FileHash.Of(file) : null; // a different length implies different contents
            if (hash is null || !hashes.Contains(hash))
            {
                throw new InvalidDataException(before.Any(known => known.Path == file)
                    ? $"{file} has changed since the run's tokens were made from it ({manifestPath})"
                    : $"{file} is not part of the text that the run's tokens were made from ({manifestPath})");
            }

            found.Add(hash);
        }

        if (before.FirstOrDefault(file => !found.Contains(file.Sha256)) is { } missing)
            throw new InvalidDataException($"data.text leaves out {missing.Path}, which the run's tokens were made from ({manifestPath})");
    }

    private static string Named(IReadOnlyList<string> inputs) => $"[{string.Join(", ", inputs)}]";
}
