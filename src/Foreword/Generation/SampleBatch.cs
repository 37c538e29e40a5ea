using Foreword.Models;
using Foreword.Tokenization;

namespace Foreword.Generation;

/// <summary>
/// Generates completions in a batch. Each step reads one token with every running sequence. When a sequence ends, the next one takes its place.
/// </summary>
internal sealed class SampleBatch(ILanguageModel model, Tokenizer tokenizer, SamplingOptions options, Action<int, GeneratedToken>? onToken, bool scores)
{
    /// <summary>
    /// The largest number of sequences at a time. Sharing a pass over the weights among more sequences would gain little, and the KV caches of this
    /// number still fit into memory.
    /// </summary>
    private const int AtOnce = 32;

    private readonly List<Running> _running = [];
    private readonly List<IDecoder> _decoders = [];
    private readonly List<Running> _together = [];
    private readonly int[] _tokens = new int[AtOnce];
    private float[] _logits = [];

    /// <summary>Generates several completions of each prompt.</summary>
    /// <param name="prompts">The token ids of each prompt.</param>
    /// <param name="leads">For each prompt, text to insert before the first token of its completions.</param>
    /// <param name="samples">The number of completions of each prompt.</param>
    /// <param name="cancellationToken">Checked before each step.</param>
    /// <returns>The completions, indexed by prompt and sample.</returns>
    public Completion[][] Write(int[][] prompts, string[] leads, int samples, CancellationToken cancellationToken) => Write(prompts, leads, samples, Read, cancellationToken);

    /// <summary>Generates several completions of a prompt that was read already.</summary>
    /// <param name="read">A decoder that has read the prompt. It is left as it is.</param>
    /// <param name="logits">The logits [V] after the prompt.</param>
    /// <param name="prompt">The token ids of the prompt.</param>
    /// <param name="samples">The number of completions.</param>
    /// <param name="cancellationToken">Checked before each step.</param>
    public Completion[] Write(IDecoder read, float[] logits, int[] prompt, int samples, CancellationToken cancellationToken) =>
        Write([prompt], [""], samples, _ => (read.Fork(), logits), cancellationToken)[0];

    private (IDecoder Decoder, float[] Logits) Read(int[] prompt)
    {
        IDecoder decoder = model.CreateDecoder();
        try
        {
            return (decoder, decoder.Append(prompt).ToArray());
        }
        catch
        {
            decoder.Dispose();
            throw;
        }
    }

    private Completion[][] Write(int[][] prompts, string[] leads, int samples, Func<int[], (IDecoder Decoder, float[] Logits)> read, CancellationToken cancellationToken)
    {
        Completion[][] completions = [.. prompts.Select(_ => new Completion[samples])];
        int started = 0, all = prompts.Length * samples;
        IDecoder? prompt = null; // has read the prompt whose samples are being started
        float[] first = [];
        try
        {
            while (started < all || _running.Count > 0)
            {
                while (started < all && _running.Count < AtOnce)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    int[] ids = prompts[started / samples];
                    int sample = started % samples;
                    if (sample == 0)
                        (prompt, first) = read(ids);

                    Running sequence = new(started, new OpenCompletion(tokenizer, options.ForSample(sample), ids, OnTokenOf(started), leads[started / samples], scores));
                    sequence.Completion.Take(first);
                    if (!Ends(sequence.Completion, prompt!))
                        sequence.Decoder = sample == samples - 1 ? prompt : prompt!.Fork();
                    if (sample == samples - 1)
                    {
                        if (sequence.Decoder is null)
                            prompt!.Dispose();
                        prompt = null;
                    }

                    _running.Add(sequence);
                    started++;
                }

                Collect(completions, samples);
                if (_running.Count == 0)
                    continue;
                cancellationToken.ThrowIfCancellationRequested();
                Step();
                Collect(completions, samples);
            }
        }
        finally
        {
            prompt?.Dispose();
            _running.ForEach(sequence => sequence.Decoder?.Dispose());
        }

        return completions;
    }

    private Action<GeneratedToken>? OnTokenOf(int sequence) => onToken is null ? null : token => onToken(sequence, token);

    private bool Ends(OpenCompletion completion, IDecoder decoder) =>
        completion.HasEnded || (decoder.Position == model.Config.ContextLength && !options.Slide);

    /// <summary>Lets every sequence read the token that it drew last and draw the next one.</summary>
    private void Step()
    {
        int vocabulary = model.Config.VocabSize, context = model.Config.ContextLength;
        _together.Clear();
        _decoders.Clear();
        foreach (Running sequence in _running)
        {
            if (sequence.Decoder!.Position == context)
            {
                sequence.Decoder.Dispose();
                sequence.Decoder = model.CreateDecoder();
                sequence.Completion.Take(sequence.Decoder.Append(sequence.Completion.Newest((context + 1) / 2)));
                continue;
            }

            _tokens[_together.Count] = sequence.Completion.Last;
            _together.Add(sequence);
            _decoders.Add(sequence.Decoder);
        }

        int n = _together.Count;
        if (n == 0)
            return;
        if (_logits.Length < n * vocabulary)
            _logits = new float[n * vocabulary];
        model.AppendEach(_decoders, _tokens.AsSpan(0, n), _logits.AsSpan(0, n * vocabulary));
        model.ForEach(n, i => _together[i].Completion.Draw(_logits.AsSpan(i * vocabulary, vocabulary)));
        foreach (Running sequence in _together)
            sequence.Completion.Write();
    }

    /// <summary>Removes the sequences that have ended and stores their completions.</summary>
    private void Collect(Completion[][] completions, int samples)
    {
        for (int i = _running.Count - 1; i >= 0; i--)
        {
            Running sequence = _running[i];
            if (sequence.Decoder is { } decoder && !Ends(sequence.Completion, decoder))
                continue;
            sequence.Decoder?.Dispose();
            _running.RemoveAt(i);
            completions[sequence.Number / samples][sequence.Number % samples] = sequence.Completion.Finish();
        }
    }

    /// <summary>
    /// A running sequence. Its decoder has read all tokens except the one drawn last. The decoder is null if it reads no further token.
    /// </summary>
    private sealed class Running(int number, OpenCompletion completion)
    {
        public int Number => number;

        public OpenCompletion Completion => completion;

        public IDecoder? Decoder { get; set; }
    }
}
