using System.CommandLine;
using System.CommandLine.Parsing;
using Foreword.Settings;

namespace Foreword.Cli.Options;

/// <summary>The argument <c>INPUT...</c> of commands that read many files.</summary>
internal static class InputPaths
{
    /// <summary>
    /// One path or more, unless told otherwise. A list of arguments would swallow a misspelt option as one more path, so what looks like an
    /// option is refused; a file of such a name can be given as ./--name.
    /// </summary>
    public static Argument<string[]> Argument(string description, string name = "INPUT", ArgumentArity? arity = null)
    {
        Argument<string[]> inputs = new(name) { Description = description, Arity = arity ?? ArgumentArity.OneOrMore };
        inputs.Validators.Add(given =>
        {
            string? option = given.Tokens.Select(token => token.Value).FirstOrDefault(value => value.Length > 1 && value[0] == '-');
            if (option is not null)
                given.AddError($"unknown option '{option}'{NearestName.Suggestion(option, ((CommandResult)given.Parent!).Command.Options.Select(known => known.Name))}");
        });
        return inputs;
    }
}
