using System.Text.Json;
using Foreword.IO;
using Foreword.Tokenization;
using Foreword.Tokenization.Files;
using Foreword.Tokenization.WordPieces;

namespace Foreword.Tasks.HuggingFace;

/// <summary>
/// Reads the ids that the tokenizer of a model directory puts around texts when <c>transformers</c> calls it. They come from the
/// <c>post_processor</c> of <c>tokenizer.json</c>. If that file is missing, they follow from the tokenizer's class.
/// </summary>
internal static class TemplateFiles
{
    /// <summary>Reads the template of a directory.</summary>
    /// <returns>The template; <see cref="SequenceTemplate.Plain"/> if the tokenizer adds nothing.</returns>
    /// <exception cref="InvalidDataException">A file is malformed. The message names it.</exception>
    /// <exception cref="NotSupportedException">The tokenizer adds ids in a way that is not supported. The message names it.</exception>
    public static SequenceTemplate Read(string directory)
    {
        string path = Path.Combine(directory, TokenizerFiles.TokenizerJson);
        if (!File.Exists(path))
            return OfClass(directory);
        using JsonDocument document = JsonFile.Parse(path);
        TokenizerField root = new(path, "", document.RootElement);
        SequenceTemplate template = root.Find("post_processor") is { } processor ? OfProcessor(processor) : SequenceTemplate.Plain;
        return template.CountAround(2) == 0 && TokenizerFiles.ConfigBeside(path) is not null ? OfTokenizer(TokenizerFiles.Load(directory)) : template;
    }

    private static SequenceTemplate OfProcessor(TokenizerField processor) => processor.TypeName switch
    {
        "ByteLevel" => SequenceTemplate.Plain, // changes offsets, not ids
        "TemplateProcessing" => OfTemplate(processor),
        "BertProcessing" => Around(Id(processor, "cls"), Id(processor, "sep"), separators: 1),
        "RobertaProcessing" => Around(Id(processor, "cls"), Id(processor, "sep"), separators: 2),
        "Sequence" => OfSequence(processor),
        _ => throw processor.Unsupported($"post_processor {processor.TypeName}", "supported: ByteLevel, TemplateProcessing, BertProcessing, RobertaProcessing, Sequence"),
    };

    /// <summary>Reads a list of several processors, of which at most one may add ids.</summary>
    private static SequenceTemplate OfSequence(TokenizerField processor)
    {
        SequenceTemplate[] adding = [.. processor.Require("processors", JsonValueKind.Array).Items().Select(OfProcessor).Where(template => template.CountAround(2) > 0)];
        return adding.Length switch
        {
            0 => SequenceTemplate.Plain,
            1 => adding[0],
            _ => throw processor.Unsupported("a sequence of several post-processors that add tokens", "only one is supported"),
        };
    }

    private static SequenceTemplate Around(int before, int after, int separators) => new([before], [.. Enumerable.Repeat(after, separators)], [after]);

    /// <summary>Reads the id of a token such as <c>["[SEP]", 102]</c>.</summary>
    private static int Id(TokenizerField processor, string name)
    {
        TokenizerField token = processor.Require(name, JsonValueKind.Array);
        return token.Items().ToArray() is [_, var id] && id.Value.ValueKind == JsonValueKind.Number && id.Value.TryGetInt32(out int number) && number >= 0
            ? number
            : throw token.Malformed("is not a token with its id");
    }

    /// <summary>Reads the lists <c>single</c> and <c>pair</c>, which contain texts and special tokens.</summary>
    private static SequenceTemplate OfTemplate(TokenizerField processor)
    {
        Dictionary<string, int[]> special = [];
        if (processor.Find("special_tokens") is { } tokens)
        {
            foreach ((string name, TokenizerField token) in tokens.Properties())
                special[name] = Ids(token);
        }

        (int[] before, int[] after) = processor.Find("single") is { } single && Parts(single, special) is [var first, var last]
            ? (first, last)
            : throw processor.Malformed("its single template does not contain the sequence A exactly once");
        if (processor.Find("pair") is not { } pair || Parts(pair, special) is not [var pairBefore, var between, var pairAfter])
            return new SequenceTemplate(before, [], after);
        return pairBefore.AsSpan().SequenceEqual(before) && pairAfter.AsSpan().SequenceEqual(after)
            ? new SequenceTemplate(before, between, after)
            : new SequenceTemplate(before, [], after); // such a pair is not supported, but classification has only one text
    }

    /// <summary>Returns the ids before, between and after the sequences.</summary>
    private static int[][] Parts(TokenizerField template, Dictionary<string, int[]> special)
    {
        List<List<int>> chunks = [[]];
        foreach (TokenizerField item in template.Items())
        {
            if (item.Find("SpecialToken") is { } token)
            {
                string name = token.Require("id", JsonValueKind.String).Text;
                chunks[^1].AddRange(special.TryGetValue(name, out int[]? ids) ? ids : throw token.Malformed($"'{name}' is not in special_tokens"));
            }
            else if (item.Has("Sequence"))
            {
                chunks.Add([]);
            }
            else
            {
                throw item.Malformed("is neither a Sequence nor a SpecialToken");
            }
        }

        return [.. chunks.Select(chunk => chunk.ToArray())];
    }

    private static int[] Ids(TokenizerField token) => [.. token.Require("ids", JsonValueKind.Array).Items().Select(id => id.Value.ValueKind == JsonValueKind.Number && id.Value.TryGetInt32(out int number) && number >= 0
        ? number
        : throw id.Malformed($"'{id.Value.GetRawText()}' is not an id"))];

    /// <summary>
    /// Returns the template of a tokenizer without a tokenizer.json. A BERT tokenizer adds [CLS] and [SEP]. Other tokenizers add what the files next
    /// to their vocabulary specify.
    /// </summary>
    private static SequenceTemplate OfClass(string directory)
    {
        if (!TokenizerFiles.IsIn(directory))
            return SequenceTemplate.Plain;
        Tokenizer tokenizer = TokenizerFiles.Load(directory);
        return tokenizer is WordPiece
            ? Around(IdOf(tokenizer, "[CLS]", directory), IdOf(tokenizer, "[SEP]", directory), separators: 1)
            : OfTokenizer(tokenizer);
    }

    /// <summary>Returns the template of a tokenizer that puts the same ids around each text, including each text of a pair.</summary>
    private static SequenceTemplate OfTokenizer(Tokenizer tokenizer) =>
        new(tokenizer.TemplateStart, [.. tokenizer.TemplateEnd, .. tokenizer.TemplateStart], tokenizer.TemplateEnd);

    private static int IdOf(Tokenizer tokenizer, string text, string directory)
    {
        foreach (AddedToken token in tokenizer.AddedTokens)
        {
            if (token.Text == text)
                return token.Id;
        }

        throw new InvalidDataException($"{directory}: the tokenizer adds {text} to every text, but has no such token");
    }
}
