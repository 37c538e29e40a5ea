namespace Foreword.Settings;

/// <summary>Reads the sentence of an exception about an argument, without the parameter's name that .NET appends to it.</summary>
internal static class ArgumentSentence
{
    /// <summary>Returns the exception's message without its suffix <c>(Parameter 'name')</c>, for people who did not write the call.</summary>
    public static string Of(ArgumentException problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        string sentence = problem.Message, suffix = $" (Parameter '{problem.ParamName}')";
        int at = string.IsNullOrEmpty(problem.ParamName) ? -1 : sentence.LastIndexOf(suffix, StringComparison.Ordinal);
        return at < 0 ? sentence : sentence.Remove(at, suffix.Length);
    }
}
