using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Weights.Catalog;

namespace Foreword.Generation;

/// <summary>Generates continuations of texts with a language model, token by token with a KV cache.</summary>
/// <remarks>
/// Prompt and completion share the context. When it is full, the completion ends, as if it had reached the maximum number of tokens, unless
/// <see cref="SamplingOptions.Slide"/> is set. The last token drawn does not have to be read, so after a prompt of P tokens, context - P + 1 tokens
/// can be drawn. The generator does not own the model or the tokenizer. Threads can share it if they can share the model.
/// </remarks>
internal sealed class TextGenerator
{
    private readonly ILanguageModel _model;
    private readonly Tokenizer _tokenizer;

    /// <summary>Initializes a generator from a model and its tokenizer.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">The tokenizer of the model.</param>
    /// <exception cref="ArgumentException">The tokenizer has more ids than the model has embeddings, apart from a few added tokens.</exception>
    public TextGenerator(ILanguageModel model, Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (!ModelDirectory.HasRows(tokenizer, model.Config.VocabSize))
            throw new ArgumentException($"the tokenizer has {tokenizer.VocabSize} ids but the model's vocab_size is {model.Config.VocabSize}", nameof(tokenizer));
        _model = model;
        _tokenizer = tokenizer;
    }

    /// <summary>
    /// Returns the ids that the model reads before it generates: the ids that the tokenizer's template puts before a text, and those of the prompt.
    /// </summary>
    /// <param name="prompt">The text to continue. If there are no ids, the token that begins a text is used.</param>
    /// <param name="options">How special tokens and long prompts are handled.</param>
    /// <returns>The token ids, at most the context length.</returns>
    /// <remarks>
    /// The text of a special token is plain text unless <see cref="SamplingOptions.AllowSpecial"/> is set. With
    /// <see cref="SamplingOptions.Truncate"/>, a long prompt loses its beginning so that <see cref="SamplingOptions.MaxTokens"/> tokens fit after it,
    /// but it keeps at least half a context. With <see cref="SamplingOptions.Slide"/>, a long prompt keeps the last ids that fill the context. The
    /// ids of the template are kept in both cases.
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// The prompt is longer than the context, it contains an id that the model does not have, or it is empty and the tokenizer has no end-of-text
    /// token.
    /// </exception>
    public int[] PromptIds(string prompt, SamplingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Fit(WholePromptIds(prompt, options.AllowSpecial), options);
    }

    /// <summary>Encodes a prompt as <see cref="PromptIds"/> does, but of any length.</summary>
    internal int[] WholePromptIds(string prompt, bool allowSpecial)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        int[] ids = _tokenizer.Encode(prompt, allowSpecial), first = [.. _tokenizer.TemplateStart];
        if (!ids.AsSpan().StartsWith(first)) // the prompt may already contain the ids of the template
            ids = [.. first, .. ids];
        if (ids.Length == 0)
            ids = [_tokenizer.StartOfTextId ?? throw new ArgumentException("the prompt is empty, and the tokenizer has no end-of-text token to start from", nameof(prompt))];
        foreach (int id in ids)
        {
            if (id >= _model.Config.VocabSize)
                throw new ArgumentException($"the prompt has token {id} ('{_tokenizer.TokenText(id)}'), but the model's vocab_size is {_model.Config.VocabSize}", nameof(prompt));
        }

        return ids;
    }

    /// <summary>Truncates the ids of a prompt as the options say, and keeps what the tokenizer's template puts before a text.</summary>
    /// <exception cref="ArgumentException">The prompt is longer than the context.</exception>
    internal int[] Fit(int[] ids, SamplingOptions options)
    {
        int[] first = [.. _tokenizer.TemplateStart];
        int context = _model.Config.ContextLength;
        int room = options.Slide ? context : options.Truncate ? Math.Max((context + 1) / 2, context + 1 - options.MaxTokens) : int.MaxValue;
        if (ids.Length > room)
            ids = first.Length < room ? [.. first, .. ids[^(room - first.Length)..]] : ids[^room..];
        return ids.Length <= context
            ? ids
            : throw new ArgumentException($"the prompt has {ids.Length} tokens; the context length is {context} (truncate drops its beginning)", nameof(ids));
    }

    /// <summary>Generates one completion. The same options produce the same completion.</summary>
    /// <param name="prompt">The text to continue.</param>
    /// <param name="options">How tokens are chosen and when generation ends.</param>
    /// <param name="onText">
    /// Receives each chunk of text as soon as it is final, or null. A chunk holds whole characters and never a part of a stop string. Together, the
    /// chunks are the text of the completion.
    /// </param>
    /// <param name="cancellationToken">Checked before each token.</param>
    /// <exception cref="ArgumentException">The prompt does not fit, an option is not valid, or the model's logits are not finite.</exception>
    /// <exception cref="OperationCanceledException">The generation was canceled.</exception>
    public Completion Generate(string prompt, SamplingOptions options, Action<string>? onText = null, CancellationToken cancellationToken = default) =>
        GenerateEach([prompt], options, 1, onText is null ? null : (_, chunk) => onText(chunk), cancellationToken)[0][0];

    /// <summary>Generates several completions of several prompts, many at a time in one pass over the weights.</summary>
    /// <param name="prompts">The texts to continue. They can have different lengths.</param>
    /// <param name="options">How tokens are chosen and when generation ends.</param>
    /// <param name="samples">The number of completions of each prompt, 1 or more. In a beam search, at most the number of beams.</param>
    /// <param name="onText">
    /// Receives the number of a sequence (prompt * samples + sample) and a chunk of its text, as in <see cref="Generate"/>, or null.
    /// </param>
    /// <param name="cancellationToken">Checked before each token.</param>
    /// <returns>
    /// The completions of each prompt. There are fewer than <paramref name="samples"/> only if a beam search has more beams than there are texts.
    /// </returns>
    /// <remarks>
    /// Each completion is the one that <see cref="Generate"/> returns for its prompt and for the options of <see cref="SamplingOptions.ForSample"/>.
    /// It does not depend on the other sequences, except for rounding if the logits of the model depend on the batch. A prompt is read once for all
    /// its samples. If <see cref="SamplingOptions.NumBeams"/> is greater than 1, the samples are the best texts found, best first.
    /// </remarks>
    /// <exception cref="ArgumentException">A prompt does not fit, an option is not valid, or the model's logits are not finite.</exception>
    /// <exception cref="OperationCanceledException">The generation was canceled.</exception>
    public Completion[][] GenerateEach(
        IReadOnlyList<string> prompts, SamplingOptions options, int samples = 1, Action<int, string>? onText = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        Check(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(samples, 1);
        if (options.NumBeams > 1 && samples > options.NumBeams)
            throw new ArgumentException($"{samples} samples were requested with {options.NumBeams} beams; a beam search returns at most one text per beam", nameof(samples));
        Action<int, GeneratedToken>? onToken = onText is null ? null : (sequence, token) =>
        {
            if (token.Text.Length > 0 || options.NumBeams > 1) // a beam search reports every text, also an empty one
                onText(sequence, token.Text);
        };
        return Write(prompts, [.. prompts.Select(prompt => PromptIds(prompt, options))], options, samples, onToken, scores: false, cancellationToken);
    }

    /// <summary>Continues prompts that are already encoded, one completion each.</summary>
    /// <param name="prompts">The texts with the ids that the model reads for them (see <see cref="PromptIds"/>).</param>
    /// <param name="options">How tokens are chosen and when generation ends.</param>
    /// <param name="cancellationToken">Checked before each token.</param>
    internal Completion[] ContinueEach(IReadOnlyList<(string Text, int[] Ids)> prompts, SamplingOptions options, CancellationToken cancellationToken)
    {
        Check(options);
        Completion[][] completions = Write([.. prompts.Select(prompt => prompt.Text)], [.. prompts.Select(prompt => prompt.Ids)], options, 1, null, scores: false, cancellationToken);
        return [.. completions.Select(samples => samples[0])];
    }

    private void Check(SamplingOptions options)
    {
        Check(options, _model.Config, _tokenizer);
        int most = Array.MaxLength / _model.Config.VocabSize;
        if (options.NumBeams > most)
            throw new ArgumentException($"num-beams is {options.NumBeams}; with a vocabulary of {_model.Config.VocabSize} it can be at most {most}", nameof(options));
    }

    /// <summary>Checks the options, also the token ids that they name.</summary>
    internal static void Check(SamplingOptions options, ModelConfig config, Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        int vocabulary = Math.Min(tokenizer.VocabSize, config.VocabSize);
        if (options.LogitBias.Keys.Concat(options.StopIds).Where(id => id >= vocabulary).Select(id => (int?)id).FirstOrDefault() is { } outside)
            throw new ArgumentException($"an option names token {outside}; {(vocabulary == tokenizer.VocabSize ? $"the tokenizer has {vocabulary} ids" : $"the model's vocab_size is {vocabulary}")}", nameof(options));
        options.Constraint?.For(tokenizer); // throws if the tokenizer cannot write what matches
    }

    private Completion[][] Write(
        IReadOnlyList<string> prompts, int[][] ids, SamplingOptions options, int samples, Action<int, GeneratedToken>? onToken, bool scores, CancellationToken cancellationToken)
    {
        string[] leads = [.. prompts.Select((prompt, i) => Lead(prompt, ids[i]))];
        if (options.NumBeams == 1)
            return new SampleBatch(_model, _tokenizer, options, onToken, scores).Write(ids, leads, samples, cancellationToken);

        BeamSearch search = new(_model, _tokenizer, options);
        Completion[][] found = [.. ids.Select((prompt, i) => search.Write(prompt, leads[i], samples, cancellationToken))];
        for (int prompt = 0; prompt < found.Length; prompt++)
        {
            for (int text = 0; text < found[prompt].Length; text++)
                onToken?.Invoke(prompt * samples + text, new GeneratedToken(found[prompt][text].Text, null, null, found[prompt][text].FinishReason));
        }

        return found;
    }

    /// <summary>
    /// Returns a space if the prompt's last token includes one and the prompt does not end with it; otherwise, an empty string. GPT-1's and word
    /// tokenizers put spaces after words. Without this space, the prompt's last word would run into the first generated word.
    /// </summary>
    internal string Lead(string prompt, int[] ids) =>
        _tokenizer.EndsWordsWithSpaces && prompt.Length > 0 && !char.IsWhiteSpace(prompt[^1]) && _tokenizer.TokenBytes(ids[^1]) is [.., (byte)' '] ? " " : "";

    /// <summary>
    /// Generates one completion and returns its tokens as they are drawn, with their texts and log-probabilities. The last element holds no token, but
    /// the reason why the completion ended. A beam search returns one element. The completion is computed on a separate thread, which does not belong to
    /// the thread pool.
    /// </summary>
    /// <param name="prompt">The text to continue.</param>
    /// <param name="options">How tokens are chosen and when generation ends.</param>
    /// <param name="cancellationToken">
    /// Checked before each token and between elements. If it is canceled, the enumeration throws <see cref="OperationCanceledException"/>.
    /// </param>
    /// <remarks>
    /// If the enumeration ends early or is canceled, generation ends before its next token. When the enumeration has ended, the model is no longer in
    /// use. Problems with the prompt or the options are thrown by this method, before the enumeration begins.
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// The prompt does not fit, or an option is not valid. If the model's logits are not finite, the enumeration throws this exception.
    /// </exception>
    public IAsyncEnumerable<GeneratedToken> StreamAsync(string prompt, SamplingOptions options, CancellationToken cancellationToken = default)
    {
        Check(options);
        return Stream(prompt, PromptIds(prompt, options), options, cancellationToken);
    }

    private async IAsyncEnumerable<GeneratedToken> Stream(string prompt, int[] ids, SamplingOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
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
            TaskCreationOptions.LongRunning, // it may wait for the model, and the threads of the pool deliver the tokens
            TaskScheduler.Default);
        try
        {
            await foreach (GeneratedToken token in tokens.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return token;
            }
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await writing.ConfigureAwait(false); // rethrows its exception, if there was one
    }
}
