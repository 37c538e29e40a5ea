using System.CommandLine;
using System.Runtime.CompilerServices;

namespace Foreword.Cli.Options;

/// <summary>Holds the example that the help of each command shows.</summary>
internal static class CommandExamples
{
    private static readonly ConditionalWeakTable<Command, string> Examples = [];

    /// <summary>Sets the example that the help of a command shows.</summary>
    public static T WithExample<T>(this T command, string example) where T : Command
    {
        Examples.AddOrUpdate(command, example);
        return command;
    }

    /// <summary>Returns the example of a command; null if it has none.</summary>
    public static string? Example(Command command) => Examples.TryGetValue(command, out string? example) ? example : null;
}
