using System.Security.Cryptography;
using System.Text;

namespace Foreword.Studies.Grid;

/// <summary>A cell of a study's grid: one level of each factor, and a text that says exactly what is computed.</summary>
public sealed class StudyCell
{
    /// <summary>Creates a cell.</summary>
    /// <param name="factors">The factors, in the order in which they are shown.</param>
    /// <param name="definition">Everything that determines the result: a recipe, and the hashes of the files. A stored result with another definition is not used.</param>
    /// <exception cref="ArgumentException">There is no factor, or a factor occurs twice.</exception>
    public StudyCell(IReadOnlyList<StudyFactor> factors, string definition)
    {
        ArgumentNullException.ThrowIfNull(factors);
        ArgumentNullException.ThrowIfNull(definition);
        if (factors.Count == 0 || factors.DistinctBy(factor => factor.Name).Count() < factors.Count)
            throw new ArgumentException("a cell has one level for each of its factors, and at least one factor", nameof(factors));
        Factors = factors;
        Name = string.Join(", ", factors);
        Fingerprint = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(definition)))[..FingerprintLength];
    }

    /// <summary>Enough hexadecimal digits to tell definitions apart.</summary>
    private const int FingerprintLength = 16;

    /// <summary>Gets the factors.</summary>
    public IReadOnlyList<StudyFactor> Factors { get; }

    /// <summary>Gets the name, such as <c>data=snli, layers=3, seed=1337</c>.</summary>
    public string Name { get; }

    /// <summary>Gets 16 hexadecimal digits that follow from the definition.</summary>
    public string Fingerprint { get; }

    /// <summary>Gets the name in a form for directories, such as <c>data-snli-layers-3-seed-1337</c>.</summary>
    internal string DirectoryName => string.Join('-', Factors.Select(factor => $"{factor.Name}-{string.Concat(factor.Level.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' ? letter : '-'))}"));
}
