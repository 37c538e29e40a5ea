using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Foreword.Data.Recipes.Yaml;

/// <summary>A part of a YAML document, with its line number from 1.</summary>
internal abstract record RecipeNode(long Line);

/// <summary>A single value as it is written. A quoted value is always text.</summary>
internal sealed record RecipeScalar(long Line, string Text, bool Quoted = false) : RecipeNode(Line)
{
    /// <summary>Gets whether the value is empty or one of YAML's words for null.</summary>
    public bool IsNull => !Quoted && MeansNull(Text);

    /// <summary>Returns whether unquoted text means null in YAML.</summary>
    public static bool MeansNull(string text) => text is "" or "~" or "null" or "Null" or "NULL";
}

/// <summary>A list of values.</summary>
internal sealed record RecipeList(long Line, IReadOnlyList<RecipeNode> Items) : RecipeNode(Line);

/// <summary>The keys and values in the order of the file. Each key occurs once.</summary>
internal sealed record RecipeMapping(long Line, IReadOnlyList<(RecipeScalar Key, RecipeNode Value)> Entries) : RecipeNode(Line);

/// <summary>
/// Reads the part of YAML that recipes need: one document of mappings, lists and scalars. Anchors and aliases are rejected, so that the meaning of a
/// line does not depend on other lines.
/// </summary>
internal sealed class RecipeDocument
{
    /// <summary>The maximum depth of nesting. Recipes have only a few levels, and a malicious one must not exhaust the stack.</summary>
    private const int MaxDepth = 16;

    private readonly RecipeSource _source;
    private readonly Parser _parser;

    private RecipeDocument(string yaml, RecipeSource source)
    {
        this._source = source;
        _parser = new Parser(new StringReader(yaml));
    }

    /// <summary>Parses the text.</summary>
    /// <returns>The root of the only document; null if the text has only comments.</returns>
    /// <exception cref="Exception">The text is not YAML of this form. The source determines the type of the exception.</exception>
    public static RecipeNode? Parse(string yaml, RecipeSource source) => new RecipeDocument(yaml, source).Root();

    private RecipeNode? Root()
    {
        Take(); // the start of the stream
        if (Take() is not DocumentStart)
            return null;
        RecipeNode root = Node(Take(), "", 0);
        Take(); // the end of the document
        return Take() is DocumentStart second
            ? throw _source.Error(second.Start.Line, $"a second document begins; a {_source.Kind} is a single document")
            : root;
    }

    private RecipeNode Node(ParsingEvent start, string path, int depth)
    {
        long line = start.Start.Line;
        if (depth > MaxDepth)
            throw _source.Error(line, $"lists and mappings are nested deeper than {MaxDepth} levels");
        if (start is NodeEvent { Anchor.IsEmpty: false } or AnchorAlias)
            throw _source.Error(line, $"anchors and aliases are not supported in {_source.Kind}s");
        return start switch
        {
            Scalar scalar => new RecipeScalar(line, scalar.Value, scalar.Style is not ScalarStyle.Plain),
            SequenceStart => List(path, line, depth),
            MappingStart => Mapping(path, line, depth),
            _ => throw _source.Error(line, $"this is not YAML: unexpected {start.GetType().Name}"),
        };
    }

    private RecipeList List(string path, long line, int depth)
    {
        List<RecipeNode> items = [];
        while (Take() is var next and not SequenceEnd)
            items.Add(Node(next, path, depth + 1));
        return new RecipeList(line, items);
    }

    private RecipeMapping Mapping(string path, long line, int depth)
    {
        List<(RecipeScalar Key, RecipeNode Value)> entries = [];
        while (Take() is var next and not MappingEnd)
        {
            RecipeNode key = Node(next, path, depth + 1);
            if (key is not RecipeScalar name)
                throw _source.Error(key.Line, "a key is a list or a mapping; it must be a name");
            string keyPath = path.Length == 0 ? name.Text : $"{path}.{name.Text}";
            if (entries.Find(entry => entry.Key.Text == name.Text) is { Key: { } earlier })
                throw _source.Error(key.Line, $"duplicate key '{keyPath}'; line {earlier.Line} already has it");
            entries.Add((name, Node(Take(), keyPath, depth + 1)));
        }

        return new RecipeMapping(line, entries);
    }

    /// <summary>
    /// Returns the parser's next event. The parser throws three types of exceptions for malformed text, and two of them have no position.
    /// </summary>
    private ParsingEvent Take()
    {
        long line = _parser.Current?.End.Line ?? 1;
        try
        {
            return _parser.MoveNext() ? _parser.Current! : throw new YamlException("the text ends too early");
        }
        catch (YamlException problem)
        {
            throw _source.Error(Math.Max(line, problem.Start.Line), $"this is not YAML: {AsClause(problem.Message)}");
        }
        catch (InvalidOperationException) // a flow list or mapping that is not complete
        {
            throw _source.Error(line, "this is not YAML: a list or mapping is not closed");
        }
        catch (ArgumentException problem) // a tag that is not a URI
        {
            throw _source.Error(line, $"this is not YAML: {AsClause(problem.Message)}");
        }
    }

    private static string AsClause(string sentence) =>
        sentence.Length == 0 ? sentence : char.ToLowerInvariant(sentence[0]) + sentence[1..].TrimEnd('.');
}
