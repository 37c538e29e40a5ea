using System.CommandLine;
using System.CommandLine.Parsing;
using Foreword.Settings;

namespace Foreword.Cli.Options;

/// <summary>Creates the argument <c>INPUT...</c> of commands that read several files.</summary>
internal static class InputPaths
{
    /// <summary>
    /// Creates an argument of one or more paths, unless <paramref name="arity"/> differs. The parser would treat a misspelled option as another
    /// path, so words that look like options are rejected. A file with such a name can be given as ./--name.
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
