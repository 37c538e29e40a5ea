namespace Foreword.Tasks;

/// <summary>
/// Normalizes labels. Programs may write the same class in several ways. For example, pandas turns 1 into 1.0 if the column has a gap.
/// </summary>
internal static class TaskLabel
{
    /// <summary>The texts that mark a missing label in files that pandas, R or SQL wrote.</summary>
    private static readonly string[] Missing = ["nan", "<na>", "null"];

    /// <summary>
    /// Returns the label without a redundant sign and redundant decimals: <c>1.0</c>, <c>+1</c> and <c>1.</c> become 1. Numbers with leading zeros
    /// are treated as names and stay unchanged.
    /// </summary>
    public static string Canonical(string label)
    {
        ReadOnlySpan<char> digits = label.AsSpan().TrimStart("+-");
        if (label.Length - digits.Length > 1)
            return label;
        int point = digits.IndexOf('.');
        ReadOnlySpan<char> whole = point < 0 ? digits : digits[..point], decimals = point < 0 ? [] : digits[(point + 1)..];
        if (whole.IsEmpty || whole.ContainsAnyExceptInRange('0', '9') || (whole.Length > 1 && whole[0] == '0') || decimals.ContainsAnyExcept('0'))
            return label;
        return label[0] == '-' && whole is not "0" ? $"-{whole}" : whole.ToString();
    }

    /// <summary>Returns whether the label marks a missing label.</summary>
    public static bool IsMissing(string label) => Missing.Contains(label, StringComparer.OrdinalIgnoreCase);
}
