using System.Text;
using Foreword.Tokenization;

namespace Foreword.Generation;

/// <summary>
/// Continues texts with a language model, token by token over its KV cache. Prompt and completion share the context:
/// when it is full, the completion ends there, as if that had been the wanted number of tokens. (The last token drawn
/// need not be read again, so a prompt of P tokens leaves room for context - P + 1.) The generator owns neither model
/// nor tokenizer.
/// </summary>
public sealed class TextGenerator
{
    private readonly ILanguageModel _model;
    private readonly Tokenizer _tokenizer;

    /// <summary>Brings a model and its tokenizer together.</summary>
    /// <exception cref="ArgumentException">The tokenizer has more ids than the model has embeddings.</exception>
    public TextGenerator(ILanguageModel model, Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (tokenizer.VocabularySize > model.Config.VocabSize)
            throw new ArgumentException($"the tokenizer has {tokenizer.VocabularySize} ids but the model's vocab_size is {model.Config.VocabSize}");
        _model = model;
        _tokenizer = tokenizer;
    }

    /// <summary>
    /// The ids that the model will be given: those of the prompt, special tokens taken as plain text, or end-of-text
    /// when it is empty. With <see cref="SamplingOptions.Truncate"/> only the last ones, so many that
    /// <see cref="SamplingOptions.MaxTokens"/> tokens fit behind them, but never less than half a context of them.
    /// </summary>
    /// <exception cref="ArgumentException">The prompt is longer than the context, or empty and the tokenizer has no end-of-text.</exception>
    public int[] PromptIds(string prompt, SamplingOptions options)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(options);
        int[] ids = _tokenizer.Encode(prompt);
        if (ids.Length == 0)
        {
            int start = _tokenizer.EndOfTextId ?? throw new ArgumentException("the prompt is empty, and the tokenizer has no end-of-text token to start from");
            return [start];
        }

        int context = _model.Config.ContextLength;
        if (options.Truncate)
        {
            int room = Math.Max((context + 1) / 2, context + 1 - options.MaxTokens);
            return ids.Length > room ? ids[^room..] : ids;
        }

        return ids.Length <= context
            ? ids
            : throw new ArgumentException($"the prompt has {ids.Length} tokens; the context length is {context} (truncate drops its beginning)");
    }

    /// <summary>Writes one completion; the same options give the same one.</summary>
    /// <param name="prompt">The text to continue.</param>
    /// <param name="options">How to draw and when to end.</param>
    /// <param name="onText">Given each piece of text as soon as it is certain: whole characters, never part of a stop string. The pieces make up the completion's text.</param>
    /// <param name="cancellation">Looked at before each token.</param>
    /// <exception cref="ArgumentException">The prompt does not fit, an option is impossible, or the model's logits are not finite.</exception>
    public Completion Generate(string prompt, SamplingOptions options, Action<string>? onText = null, CancellationToken cancellation = default)
    {
        int[] promptIds = PromptIds(prompt, options);
        Sampler sampler = new(options);
        Utf8Pieces characters = new();
        StopStrings stops = new(options.Stop);
        StringBuilder text = new();
        List<int> ids = [];
        FinishReason reason = FinishReason.Length;

        using IDecoder decoder = _model.NewDecoder();
        cancellation.ThrowIfCancellationRequested();
        int next = Next(sampler, decoder.Append(promptIds));
        while (true)
        {
            if (next == _tokenizer.EndOfTextId)
            {
                reason = FinishReason.Stop;
                break;
            }

            ids.Add(next);
            Release(stops.Append(characters.Append(_tokenizer.TokenBytes(next))));
            if (stops.Found || ids.Count == options.MaxTokens || decoder.Position == _model.Config.ContextLength)
                break;
            cancellation.ThrowIfCancellationRequested();
            next = Next(sampler, decoder.Append([next]));
        }

        Release(stops.Append(characters.Flush()));
        Release(stops.Flush());
        return new Completion(text.ToString(), ids, stops.Found ? FinishReason.Stop : reason);

        void Release(string piece)
        {
            if (piece.Length == 0)
                return;
            text.Append(piece);
            onText?.Invoke(piece);
        }
    }

    /// <summary>Draws among the tokenizer's ids; embeddings beyond them only pad the vocabulary.</summary>
    private int Next(Sampler sampler, ReadOnlySpan<float> logits) => sampler.Sample(logits[.._tokenizer.VocabularySize]);
}
