using Foreword.IO;

namespace Foreword.Cli.Options;

/// <summary>Reads the value of <c>--api-key</c>: a key, or <c>@FILE</c> with one key a line.</summary>
internal static class ApiKeyInput
{
    /// <summary>Returns the keys; none for null.</summary>
    /// <exception cref="UsageException">The key is empty.</exception>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="InvalidDataException">The file is a directory or no text, has no key, or has a key that an HTTP header cannot carry.</exception>
    public static IReadOnlyList<string> Read(string? value)
    {
        if (value is null)
            return [];
        if (!value.StartsWith('@'))
            return Checked([value.Trim()], "--api-key") is [{ Length: > 0 }] one ? one : throw new UsageException("--api-key is empty");
        string path = value[1..];
        if (Directory.Exists(path))
            throw new InvalidDataException($"{path} is a directory; --api-key @FILE takes a file with one key a line");
        if (!File.Exists(path))
            throw new FileNotFoundException($"--api-key: there is no file {path}", path);
        string[] keys = [.. StrictText.Read(path).Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
        return keys.Length > 0 ? Checked(keys, path) : throw new InvalidDataException($"{path} holds no key; it must have one key a line");
    }

    private static string[] Checked(string[] keys, string origin) => Array.FindIndex(keys, key => key.Any(letter => letter is <= ' ' or > '~')) is >= 0 and int at
        ? throw new InvalidDataException($"{origin}: key {at + 1} has a character that an HTTP header cannot carry")
        : keys;
}
