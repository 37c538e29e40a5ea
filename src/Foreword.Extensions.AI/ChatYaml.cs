using Foreword.Chat;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Foreword.Extensions.AI;

/// <summary>
/// Reads a chat template from YAML. Foreword.Data also reads it, as it reads recipes, but brings the readers of all corpora. This package needs only this file.
/// </summary>
internal static class ChatYaml
{
    /// <summary>The name of the file in a model directory.</summary>
    public const string FileName = "chat.yaml";

    /// <summary>Reads the file of a template.</summary>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="InvalidDataException">The file is not a template. The message names file, line and key.</exception>
    public static ChatTemplate Read(string path)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"there is no chat template {path}", path);
        try
        {
            YamlStream yaml = new();
            using StreamReader reader = new(path);
            yaml.Load(reader);
            ChatTemplate template = yaml.Documents.Count == 0 ? new ChatTemplate() : Template(yaml.Documents[0].RootNode);
            return template.Problems() is [var problem, ..] ? throw new InvalidDataException($"{path}: {problem}") : template;
        }
        catch (YamlException problem)
        {
            throw new InvalidDataException($"{path}, line {problem.Start.Line}: {problem.Message}", problem);
        }
    }

    private static ChatTemplate Template(YamlNode root)
    {
        ChatTemplate template = new();
        foreach ((string key, YamlNode value) in Entries(root, "the template"))
        {
            template = key switch
            {
                "start" => template with { Start = Text(value, key) },
                "system" => template with { System = Frame(value, key) },
                "user" => template with { User = Frame(value, key) },
                "assistant" => template with { Assistant = Frame(value, key) },
                "stop" => template with { Stop = Texts(value, key) },
                "tokens" => template with { Tokens = Texts(value, key) },
                "reverse" => template with { Reverse = Flag(value, key) },
                _ => throw Wrong(value, $"there is no key {key}; the keys are start, system, user, assistant, stop, tokens and reverse"),
            };
        }

        return template;
    }

    private static ChatFrame Frame(YamlNode node, string name)
    {
        ChatFrame frame = new();
        foreach ((string key, YamlNode value) in Entries(node, name))
        {
            frame = key switch
            {
                "prefix" => frame with { Prefix = Text(value, $"{name}.{key}") },
                "suffix" => frame with { Suffix = Text(value, $"{name}.{key}") },
                _ => throw Wrong(value, $"there is no key {name}.{key}; the keys are prefix and suffix"),
            };
        }

        return frame;
    }

    private static IEnumerable<(string Key, YamlNode Value)> Entries(YamlNode node, string name) =>
        node is YamlMappingNode mapping ? mapping.Children.Select(entry => (Text(entry.Key, "a key"), entry.Value)) : throw Wrong(node, $"{name} must be a mapping");

    private static IReadOnlyList<string> Texts(YamlNode node, string name) =>
        node is YamlSequenceNode list ? [.. list.Select(item => Text(item, name))] : throw Wrong(node, $"{name} must be a list of texts");

    private static bool Flag(YamlNode node, string name) =>
        node is YamlScalarNode { Value: "true" or "false", Style: ScalarStyle.Plain } flag ? flag.Value == "true" : throw Wrong(node, $"{name} must be true or false");

    private static string Text(YamlNode node, string name) => node is YamlScalarNode { Value: { } text } ? text : throw Wrong(node, $"{name} must be a text");

    private static SemanticErrorException Wrong(YamlNode node, string sentence) => new(node.Start, node.End, sentence);
}
