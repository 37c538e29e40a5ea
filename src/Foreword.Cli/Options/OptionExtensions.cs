using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Foreword.Settings;

namespace Foreword.Cli.Options;

/// <summary>What options have in common.</summary>
internal static class OptionExtensions
{
    /// <summary>Allows only these words; another one is answered with all of them and the nearest.</summary>
    public static void AcceptOnly(this Option<string?> option, params string[] words)
    {
        option.CompletionSources.Add(words);
        option.Validators.Add(result =>
        {
            if (result.Tokens is [.., { Value: string value }] && !words.Contains(value))
                result.AddError(Complaint(option.Name, value, words));
        });
    }

    /// <summary>The sentence about a word that an option does not know.</summary>
    public static string Complaint(string option, string value, string[] words) => $"{option} is '{value}'; expected {string.Join(" | ", words)}{NearestName.Suggestion(value, words)}";

    /// <summary>Creates an option that takes several files.</summary>
    public static Option<string[]> Files(string name, string description) =>
        new(name) { Description = description, AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };

    /// <summary>Returns a text in YAML's double quotes, which are JSON's, for <c>--set</c>.</summary>
    public static string YamlQuoted(string text) => $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";
}
