namespace Foreword.Tasks;

/// <summary>A label as its file writes it. Programs write one class in several ways: pandas turns 1 into 1.0 where a column has a gap.</summary>
internal static class TaskLabel
{
    /// <summary>What stands for a label that is missing, in files that pandas, R or SQL wrote.</summary>
    private static readonly string[] Missing = ["nan", "<na>", "null"];

    /// <summary>The label without a sign or decimals that say nothing: <c>1.0</c>, <c>+1</c> and <c>1.</c> are 1. Numbers with leading zeros are names and stay.</summary>
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

    /// <summary>Whether the label says that there is none.</summary>
    public static bool IsMissing(string label) => Missing.Contains(label, StringComparer.OrdinalIgnoreCase);
}
