namespace Foreword.Models;

/// <summary>Represents the name of a model on a hub: <c>owner/name</c>, or <c>name</c> alone for the oldest models.</summary>
public sealed record HubRepository
{
    private const int MaxLength = 96; // as in huggingface_hub

    private HubRepository(string id) => Id = id;

    /// <summary>Gets the name, such as <c>owner/name</c>.</summary>
    public string Id { get; }

    /// <summary>Gets the name of its directory in a cache: <c>models--owner--name</c>.</summary>
    public string CacheName => $"models--{Id.Replace("/", "--", StringComparison.Ordinal)}";

    /// <summary>Parses a name.</summary>
    /// <param name="id">The name, at most 96 characters: letters, digits, '-', '_' and '.', with at most one '/'.</param>
    /// <exception cref="ArgumentException">No repository can have that name.</exception>
    public static HubRepository Parse(string id) => TryParse(id)
        ?? throw new ArgumentException($"'{id}' is not a repository name; expected OWNER/NAME with letters, digits, '-', '_' and '.', at most {MaxLength} characters");

    /// <summary>Parses a name, and returns null if no repository can have it.</summary>
    /// <param name="id">Any text.</param>
    public static HubRepository? TryParse(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        string[] parts = id.Split('/');
        return id.Length <= MaxLength && parts.Length <= 2 && parts.All(IsPart) && !id.Contains("--", StringComparison.Ordinal) && !id.Contains("..", StringComparison.Ordinal)
            ? new HubRepository(id)
            : null;
    }

    /// <inheritdoc/>
    public override string ToString() => Id;

    private static bool IsPart(string part) => part.Length > 0 && part[0] is not ('-' or '.') && part[^1] is not ('-' or '.')
        && part.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.');
}
