using Foreword.Settings;

namespace Foreword.Cli.Options;

/// <summary>The exception for a command line that can be parsed but whose options do not fit together. The exit code is 2.</summary>
internal sealed class UsageException(string message) : Exception(message)
{
    /// <summary>Returns the options that <paramref name="validate"/> returns. Turns its <see cref="ArgumentException"/> into a usage error.</summary>
    public static T For<T>(Func<T> validate)
    {
        try
        {
            return validate();
        }
        catch (ArgumentException problem)
        {
            throw new UsageException(ArgumentSentence.Of(problem));
        }
    }
}
