using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Foreword.Generation.Constraints.Grammars;
using Foreword.Generation.Constraints.Json;
using Foreword.Tokenization;

namespace Foreword.Generation.Constraints;

/// <summary>
/// A set of texts of which a completion must be one. Tokens that cannot lead to such a text are never drawn. A constraint is immutable, and threads and
/// calls can share it. What was computed for one completion makes the next one faster, so create a constraint once.
/// </summary>
/// <remarks>
/// A completion whose <see cref="Completion.FinishReason"/> is <see cref="FinishReason.Stop"/> matches the constraint. One that ends because of
/// <see cref="SamplingOptions.MaxTokens"/> or the context may be incomplete. The tokenizer must be byte-level or one of characters.
/// </remarks>
public sealed class TextConstraint
{
    private readonly Grammar _grammar;
    private readonly Network _network;
    private readonly ConditionalWeakTable<TokenTrie, VocabularyConstraint> _vocabularies = [];

    private TextConstraint(Grammar grammar)
    {
        _grammar = grammar;
        _network = new Network(grammar, alphabet: null);
    }

    /// <summary>Returns the constraint that a text is one of the given ones.</summary>
    /// <param name="texts">The texts. None is empty.</param>
    /// <exception cref="ArgumentException">There are no texts, or one is empty or has half of a surrogate pair. The message names its index.</exception>
    public static TextConstraint Choice(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        if (texts.Count == 0)
            throw new ArgumentException("there are no texts to choose from", nameof(texts));
        for (int i = 0; i < texts.Count; i++)
        {
            if (string.IsNullOrEmpty(texts[i]))
                throw new ArgumentException($"text {i} of the choice is empty", nameof(texts));
            if (Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(texts[i])) != texts[i])
                throw new ArgumentException($"text {i} of the choice has half of a surrogate pair", nameof(texts));
        }

        return new TextConstraint(new Grammar(new Rule("the choice", new Alternatives([.. texts.Distinct().Select(Expression.Literal)]))));
    }

    /// <summary>
    /// Returns the constraint that the whole text matches a regular expression. Supported are literals, classes, <c>\d \w \s</c> and their opposites, the
    /// dot, groups, alternatives and the counts <c>* + ? {m,n}</c>. Classes are those of ASCII. <c>^</c> and <c>$</c> may stand at the ends.
    /// </summary>
    /// <param name="pattern">The regular expression.</param>
    /// <exception cref="ArgumentException">The pattern is not valid or has something else. The message names the position.</exception>
    public static TextConstraint Regex(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        return new TextConstraint(new Grammar(new Rule("the regular expression", RegexParser.Parse(pattern))));
    }

    /// <summary>
    /// Returns the constraint that a text is a JSON object. Between its parts there may be a space, or a line break with at most 16 spaces. Objects and
    /// arrays are at most 64 deep. Numbers have no exponent, and at most 15 digits before and after the point.
    /// </summary>
    public static TextConstraint JsonObject() => new(new Grammar(
        new Rule("a JSON object", JsonExpressions.AnyObject(1, blanks: true)),
        new Rule("any value", JsonExpressions.AnyValue(1, blanks: true))));

    /// <summary>Returns the constraint that a text is JSON that a schema accepts. See <see cref="JsonSchema(JsonElement)"/>.</summary>
    /// <param name="schema">The schema as JSON.</param>
    /// <exception cref="ArgumentException">The schema is not valid or not supported. The message names the path and the keyword.</exception>
    public static TextConstraint JsonSchema(string schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        try
        {
            using JsonDocument document = JsonDocument.Parse(schema);
            return JsonSchema(document.RootElement);
        }
        catch (JsonException problem)
        {
            throw new ArgumentException($"the schema is not JSON: {problem.Message}", nameof(schema), problem);
        }
    }

    /// <summary>
    /// Returns the constraint that a text is JSON that a schema accepts. The text has no blanks, properties are in the order of the schema,
    /// and numbers have no exponent.
    /// </summary>
    /// <param name="schema">
    /// The schema. Supported keywords are type, enum, const, anyOf, $ref into the same schema, properties, required, additionalProperties (false only),
    /// items, minItems, maxItems, pattern, format, minLength, maxLength, minimum, maximum, exclusiveMinimum, exclusiveMaximum and multipleOf. Titles and
    /// other annotations are ignored.
    /// </param>
    /// <exception cref="ArgumentException">The schema is not valid or not supported. The message names the path and the keyword.</exception>
    public static TextConstraint JsonSchema(JsonElement schema) => new(JsonSchemaReader.Read(schema));

    /// <summary>Returns this constraint for the vocabulary of a tokenizer.</summary>
    /// <exception cref="ArgumentException">The tokenizer cannot write any text that matches, or its tokens do not state the exact text.</exception>
    internal VocabularyConstraint For(Tokenizer tokenizer)
    {
        TokenTrie trie = TokenTrie.Of(tokenizer);
        lock (_vocabularies)
        {
            if (!_vocabularies.TryGetValue(trie, out VocabularyConstraint? vocabulary))
                _vocabularies.Add(trie, vocabulary = new VocabularyConstraint(trie.Alphabet is null ? _network : new Network(_grammar, trie.Alphabet), trie));
            return vocabulary;
        }
    }
}
