using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Weights;

namespace Foreword.Generation;

/// <summary>
/// Continues texts with a language model, token by token over its KV cache. Prompt and completion share the context:
/// when it is full, the completion ends there, as if that had been the wanted number of tokens, unless
/// <see cref="SamplingOptions.Slide"/> is set. (The last token drawn need not be read again, so a prompt of P tokens leaves
/// room for context - P + 1.) The generator owns neither model nor tokenizer; threads may share it where they may share the model.
/// </summary>
public sealed class TextGenerator
{
    private readonly ILanguageModel _model;
    private readonly Tokenizer _tokenizer;

    /// <summary>Brings a model and its tokenizer together.</summary>
    /// <exception cref="ArgumentException">The tokenizer has more ids than the model has embeddings, other than those of a few added tokens.</exception>
    public TextGenerator(ILanguageModel model, Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (!ModelDirectory.HasRows(tokenizer, model.Config.VocabSize))
            throw new ArgumentException($"the tokenizer has {tokenizer.VocabularySize} ids but the model's vocab_size is {model.Config.VocabSize}");
        _model = model;
        _tokenizer = tokenizer;
    }

    /// <summary>
    /// Returns the ids that the model will be given: what the tokenizer's template puts before a text, then those of the prompt. Special tokens are plain
    /// text unless <see cref="SamplingOptions.AllowSpecial"/> is set. An empty prompt becomes the token that begins a text. With
    /// <see cref="SamplingOptions.Truncate"/> the last ids are kept that leave room for <see cref="SamplingOptions.MaxTokens"/> tokens, but at
    /// least half a context. With <see cref="SamplingOptions.Slide"/> the last ids are kept that fill the context.
    /// </summary>
    /// <exception cref="ArgumentException">The prompt is longer than the context, or empty and the tokenizer has no end-of-text.</exception>
    public int[] PromptIds(string prompt, SamplingOptions options)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(options);
        int[] ids = _tokenizer.Encode(prompt, options.AllowSpecial), first = [.. _tokenizer.TemplateStart];
        if (!ids.AsSpan().StartsWith(first)) // a prompt may write it out
            ids = [.. first, .. ids];
        if (ids.Length == 0)
            ids = [_tokenizer.StartOfTextId ?? throw new ArgumentException("the prompt is empty, and the tokenizer has no end-of-text token to start from")];
        foreach (int id in ids)
        {
            if (id >= _model.Config.VocabSize)
                throw new ArgumentException($"the prompt has token {id} ('{_tokenizer.TokenText(id)}'), but the model's vocab_size is {_model.Config.VocabSize}");
        }

        int context = _model.Config.ContextLength;
        int room = options.Slide ? context : options.Truncate ? Math.Max((context + 1) / 2, context + 1 - options.MaxTokens) : int.MaxValue;
        if (ids.Length > room)
            ids = first.Length < room ? [.. first, .. ids[^(room - first.Length)..]] : ids[^room..];
        return ids.Length <= context
            ? ids
            : throw new ArgumentException($"the prompt has {ids.Length} tokens; the context length is {context} (truncate drops its beginning)");
    }

    /// <summary>Writes one completion; the same options give the same one.</summary>
    /// <param name="prompt">The text to continue.</param>
    /// <param name="options">How to choose tokens and when to end.</param>
    /// <param name="onText">Given each piece of text as soon as it is certain: whole characters, never part of a stop string. The pieces make up the completion's text.</param>
    /// <param name="cancellation">Looked at before each token.</param>
    /// <exception cref="ArgumentException">The prompt does not fit, an option is impossible, or the model's logits are not finite.</exception>
    public Completion Generate(string prompt, SamplingOptions options, Action<string>? onText = null, CancellationToken cancellation = default) =>
        GenerateEach([prompt], options, 1, onText is null ? null : (_, piece) => onText(piece), cancellation)[0][0];

    /// <summary>
    /// Writes several completions of several prompts, many at a time in one pass over the weights. Each is the one that
    /// <see cref="Generate"/> gives for its prompt and <see cref="SamplingOptions.ForSample"/>, whatever else is written beside it (up to
    /// the rounding of a model whose logits depend on the batch). A prompt is read once for all its samples.
    /// With <see cref="SamplingOptions.NumBeams"/> above 1 the samples are the best texts found, the best first.
    /// </summary>
    /// <param name="prompts">The texts to continue, of any lengths.</param>
    /// <param name="options">How to choose tokens and when to end.</param>
    /// <param name="samples">Completions of each prompt, at least 1; in a beam search at most as many as it has beams.</param>
    /// <param name="onText">Given the number of a sequence (prompt * samples + sample) and a piece of its text, as in <see cref="Generate"/>.</param>
    /// <param name="cancellation">Looked at before each token.</param>
    /// <returns>For each prompt its completions; fewer than asked for only where a beam search has more beams than there are texts.</returns>
    /// <exception cref="ArgumentException">A prompt does not fit, an option is impossible, or the model's logits are not finite.</exception>
    public Completion[][] GenerateEach(
        IReadOnlyList<string> prompts, SamplingOptions options, int samples = 1, Action<int, string>? onText = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        Check(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(samples, 1);
        if (options.NumBeams > 1 && samples > options.NumBeams)
            throw new ArgumentException($"{samples} samples are wanted of {options.NumBeams} beams; a beam search has no more texts than beams");
        Action<int, GeneratedToken>? onToken = onText is null ? null : (sequence, token) =>
        {
            if (token.Text.Length > 0)
                onText(sequence, token.Text);
        };
        return Write(prompts, [.. prompts.Select(prompt => PromptIds(prompt, options))], options, samples, onToken, scores: false, cancellation);
    }

    private void Check(SamplingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        int vocabulary = Math.Min(_tokenizer.VocabularySize, _model.Config.VocabSize);
        if (options.LogitBias.Keys.Concat(options.StopIds).Where(id => id >= vocabulary).Select(id => (int?)id).FirstOrDefault() is { } outside)
            throw new ArgumentException($"an option names token {outside}; {(vocabulary == _tokenizer.VocabularySize ? $"the tokenizer has {vocabulary} ids" : $"the model's vocab_size is {vocabulary}")}");
        int most = Array.MaxLength / _model.Config.VocabSize;
        if (options.NumBeams > most)
            throw new ArgumentException($"num-beams is {options.NumBeams}; with a vocabulary of {_model.Config.VocabSize} it can be at most {most}");
    }

    private Completion[][] Write(
        IReadOnlyList<string> prompts, int[][] ids, SamplingOptions options, int samples, Action<int, GeneratedToken>? onToken, bool scores, CancellationToken cancellation)
    {
        string[] leads = [.. prompts.Select((prompt, i) => Lead(prompt, ids[i]))];
        if (options.NumBeams == 1)
            return new SampleBatch(_model, _tokenizer, options, onToken, scores).Write(ids, leads, samples, cancellation);

        BeamSearch search = new(_model, _tokenizer, options);
        Completion[][] found = [.. ids.Select((prompt, i) => search.Write(prompt, leads[i], samples, cancellation))];
        for (int prompt = 0; prompt < found.Length; prompt++)
        {
            for (int text = 0; text < found[prompt].Length; text++)
                onToken?.Invoke(prompt * samples + text, new GeneratedToken(found[prompt][text].Text, null, null, found[prompt][text].FinishReason));
        }

        return found;
    }

    /// <summary>
    /// A space where the prompt's last token writes one and the prompt does not end with it. GPT-1's and word tokenizers put spaces behind words:
    /// without it the prompt's last word would run into the first that is written.
    /// </summary>
    private string Lead(string prompt, int[] ids) =>
        _tokenizer.EndsWordsWithSpaces && prompt.Length > 0 && !char.IsWhiteSpace(prompt[^1]) && _tokenizer.TokenBytes(ids[^1]) is [.., (byte)' '] ? " " : "";

    /// <summary>
    /// Writes one completion and returns its tokens as they are drawn, with their texts and log-probabilities. The last element has no token but the reason of the end.
    /// A beam search returns one element. The tokens are computed on a thread of their own, not one of the thread pool.
    /// Ending the enumeration or cancelling it ends the generation before its next token; after that the model is free again.
    /// Mistakes in prompt or options are thrown here, before the enumeration begins.
    /// </summary>
    /// <param name="prompt">The text to continue.</param>
    /// <param name="options">How to choose tokens and when to end.</param>
    /// <param name="cancellation">Checked before each token and between elements. The enumeration then throws <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ArgumentException">The prompt does not fit, or an option is impossible. That the model's logits are not finite, the enumeration throws.</exception>
    public IAsyncEnumerable<GeneratedToken> StreamAsync(string prompt, SamplingOptions options, CancellationToken cancellation = default)
    {
        Check(options);
        return Stream(prompt, PromptIds(prompt, options), options, cancellation);
    }

    private async IAsyncEnumerable<GeneratedToken> Stream(string prompt, int[] ids, SamplingOptions options, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Channel<GeneratedToken> tokens = Channel.CreateUnbounded<GeneratedToken>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        Task writing = Task.Factory.StartNew(
            () =>
            {
                try
                {
                    Write([prompt], [ids], options, 1, (_, token) => tokens.Writer.TryWrite(token), scores: true, ended.Token);
                }
                finally
                {
                    tokens.Writer.Complete();
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning, // it may wait for its turn at the model, and the pool's threads hand on the tokens
            TaskScheduler.Default);
        try
        {
            await foreach (GeneratedToken token in tokens.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                cancellation.ThrowIfCancellationRequested();
                yield return token;
            }
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await writing.ConfigureAwait(false); // its error, if it had one
    }
}
