using System.Text.Json;
using System.Text.Json.Nodes;
using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Tokenization.Files;

namespace Foreword.Tasks.HuggingFace;

/// <summary>
/// The vocabulary of a classifier that <c>transformers</c> can open. It consists of the tokenizer's ids, a padding token and the task's tokens. The
/// ids of a tokenizer have no gaps, so embedding rows without a token are removed.
/// </summary>
/// <param name="Rows">The row of the model's embedding for each new id; -1 for a row of zeros.</param>
/// <param name="Added">The new tokens, in the order of their ids.</param>
/// <param name="Template">The ids around a text, as new ids.</param>
/// <param name="Tokens">The task's tokens as new ids; null if the model has its own template.</param>
internal sealed record ClassifierVocabulary(int[] Rows, IReadOnlyList<AddedToken> Added, SequenceTemplate Template, TaskTokens? Tokens)
{
    private const string PadName = "<|pad|>";

    public static ClassifierVocabulary Create(GptConfig model, TaskDescription task, Tokenizer tokenizer)
    {
        int[] all = [.. Enumerable.Range(0, model.VocabSize)];
        if (task.Tokens is not { } tokens)
            return new ClassifierVocabulary(all, [], task.Template!, null);
        int count = tokenizer.VocabSize;
        if (tokens.Extract < count) // written by an earlier export: the tokenizer already has the task's tokens
            return new ClassifierVocabulary(all, [], tokens.Template() with { Pad = OwnPad(tokenizer) }, tokens);
        TaskTokens moved = TaskTokens.After(count + 1);
        HashSet<string> taken = [.. Enumerable.Range(0, count).Select(tokenizer.TokenText)];
        AddedToken[] added =
        [
            new(Free(PadName), count), new(Free("<|start|>"), moved.Start), new(Free("<|delimiter|>"), moved.Delimiter), new(Free("<|extract|>"), moved.Extract),
        ];
        return new ClassifierVocabulary([.. all[..count], -1, tokens.Start, tokens.Delimiter, tokens.Extract], added, moved.Template() with { Pad = count }, moved);

        string Free(string name) => taken.Add(name) ? name : Enumerable.Range(2, int.MaxValue - 2).Select(i => $"{name[..^2]}_{i}|>").First(taken.Add);
    }

    /// <summary>
    /// Writes only <c>tokenizer.json</c> and <c>tokenizer_config.json</c>. The other tokenizer files cannot represent the ids around a text.
    /// </summary>
    public void WriteTokenizer(Tokenizer tokenizer, int contextLength, string directory)
    {
        tokenizer.Save(directory);
        foreach (string other in (string[])[TokenizerFileNames.VocabJson, TokenizerFileNames.MergesTxt, TokenizerFileNames.VocabTxt])
            File.Delete(Path.Combine(directory, other));
        HuggingFaceClassifier.Change(Path.Combine(directory, TokenizerFileNames.TokenizerJson), AddTo);
        HuggingFaceClassifier.Change(Path.Combine(directory, TokenizerFileNames.TokenizerConfig), root =>
        {
            root["tokenizer_class"] = "PreTrainedTokenizerFast"; // uses tokenizer.json without changes
            root["model_max_length"] = contextLength;
            root["clean_up_tokenization_spaces"] = false;
            if (Template.Pad is { } pad && pad < tokenizer.VocabSize + Added.Count)
                root["pad_token"] = Text(pad);
        });

        void AddTo(JsonObject root)
        {
            JsonArray tokens = root["added_tokens"]!.AsArray();
            foreach (AddedToken token in Added)
            {
                tokens.Add((JsonNode)new JsonObject
                {
                    ["id"] = token.Id,
                    ["content"] = token.Text,
                    ["single_word"] = false,
                    ["lstrip"] = false,
                    ["rstrip"] = false,
                    ["normalized"] = false,
                    ["special"] = true,
                });
            }

            if (Template.CountAround(2) > 0)
                root["post_processor"] = Processor();
        }

        JsonNode? Processor()
        {
            using MemoryStream written = new();
            using (Utf8JsonWriter json = new(written))
            {
                TemplateJson.Write(json, [.. Ids(Template.Before), Sequence("A"), .. Ids(Template.After)],
                    [.. Ids(Template.Before), Sequence("A"), .. Ids(Template.Between), Sequence("B"), .. Ids(Template.After)], Text);
            }

            return JsonNode.Parse(written.ToArray());
        }

        string Text(int id) => id < tokenizer.VocabSize ? tokenizer.TokenText(id) : Added[id - tokenizer.VocabSize].Text;
    }

    private static IEnumerable<TemplatePart> Ids(IReadOnlyList<int> ids) => ids.Select(id => new TemplatePart(null, id, 0));

    private static TemplatePart Sequence(string name) => new(name, 0, 0);

    private static int? OwnPad(Tokenizer tokenizer)
    {
        foreach (AddedToken token in tokenizer.AddedTokens)
        {
            if (token.Text == PadName)
                return token.Id;
        }

        return tokenizer.EndOfTextId;
    }
}
