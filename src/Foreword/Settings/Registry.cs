using System.Runtime.CompilerServices;

namespace Foreword.Settings;

/// <summary>
/// Holds the members of one kind, such as the weights formats. The built-in members come first, then those that a program registers, in the order of
/// their registration. Threads can share it.
/// </summary>
/// <param name="kind">What a member is, for messages.</param>
/// <param name="namesOf">Returns the names of a member. No two members share a name.</param>
/// <param name="builtIn">The members of this project.</param>
internal sealed class Registry<T>(string kind, Func<T, IEnumerable<string>> namesOf, IEnumerable<T> builtIn) where T : class
{
    private readonly Lock _adding = new();
    private volatile IReadOnlyList<T> _all = [.. builtIn];

    /// <summary>Gets every member. The list does not change; a later registration makes a new one.</summary>
    public IReadOnlyList<T> All => _all;

    /// <summary>Adds a member after the others.</summary>
    /// <param name="member">The member.</param>
    /// <param name="parameter">The caller's name of the member, for the exception.</param>
    /// <exception cref="ArgumentException">The member has no name, or another member has the same name.</exception>
    public void Add(T member, [CallerArgumentExpression(nameof(member))] string? parameter = null)
    {
        ArgumentNullException.ThrowIfNull(member, parameter);
        string[] names = [.. namesOf(member)];
        if (names.Length == 0 || names.Contains(null))
            throw new ArgumentException($"the {kind} has no name", parameter);
        lock (_adding)
        {
            if (names.FirstOrDefault(name => _all.Any(other => namesOf(other).Contains(name))) is { } taken)
                throw new ArgumentException($"a {kind} '{taken}' is registered already", parameter);
            _all = [.. _all, member];
        }
    }
}
