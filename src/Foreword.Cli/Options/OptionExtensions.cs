using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Foreword.Settings;

namespace Foreword.Cli.Options;

/// <summary>The functions that are shared by options.</summary>
internal static class OptionExtensions
{
    /// <summary>Restricts an option to a set of words. The error about another word lists them and suggests the nearest.</summary>
    public static void AcceptOnly(this Option<string?> option, params string[] words)
    {
        option.CompletionSources.Add(words);
        option.Validators.Add(result =>
        {
            if (result.Tokens is [.., { Value: string value }] && !words.Contains(value))
                result.AddError(Complaint(option.Name, value, words));
        });
    }

    /// <summary>Returns the message about a word that an option does not accept.</summary>
    public static string Complaint(string option, string value, string[] words) => $"{option} is '{value}'; expected {string.Join(" | ", words)}{NearestName.Suggestion(value, words)}";

    /// <summary>Creates an option that takes several files.</summary>
    public static Option<string[]> Files(string name, string description) =>
        new(name) { Description = description, AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };

    /// <summary>Returns a text in YAML's double quotes, which are JSON's, for <c>--set</c>.</summary>
    public static string YamlQuoted(string text) => $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";
}
