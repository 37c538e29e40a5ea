using System.Text;
using Foreword.Models;
using Foreword.Tokenization;

namespace Foreword.Tests;

/// <summary>A tokenizer whose first 256 ids are the bytes and whose id 256 is end-of-text. Further ids are the given words.</summary>
internal sealed class FakeTokenizer(int ids, params string[] words) : Tokenizer
{
    public override int VocabSize { get; } = ids;

    public override int? EndOfTextId => VocabSize > 256 ? 256 : null;

    public override string Kind => "fake";

    public override IReadOnlyList<AddedToken> AddedTokens => [];

    public override string Fingerprint => "fake";

    public override IReadOnlyList<Rune> LostCharacters(ReadOnlySpan<char> text) => [];

    protected override void EncodePlain(ReadOnlySpan<char> text, List<int> ids)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        ids.AddRange(bytes.Select(b => (int)b));
    }

    public override ReadOnlySpan<byte> TokenBytes(int id) => id < 256 ? new[] { (byte)id } : Encoding.UTF8.GetBytes(TokenText(id));

    public override string TokenText(int id) => id == 256 ? "<|endoftext|>" : words[id - 257];

    public override void Save(string directory) => throw new NotSupportedException();
}

/// <summary>A model whose logits are a function of all tokens read. It records the tokens that its decoders read.</summary>
internal sealed class FakeModel(int vocabSize, int contextLength, Func<IReadOnlyList<int>, float[]> logits) : ILanguageModel
{
    public ModelConfig Config { get; } = new GptConfig { VocabSize = vocabSize, ContextLength = contextLength };

    /// <summary>Gets the tokens that each decoder has read, in the order of creation.</summary>
    public List<List<int>> Read { get; } = [];

    public int OpenDecoders { get; private set; }

    /// <summary>Gets the number of decoders created, without forks.</summary>
    public int Opened { get; private set; }

    /// <summary>Gets the number of decoders in each batched call.</summary>
    public List<int> BatchSizes { get; } = [];

    /// <summary>Creates a model that outputs the given tokens one after the other for any prompt, and then repeats the last one.</summary>
    public static FakeModel Saying(int vocabSize, int contextLength, int promptLength, params int[] script) =>
        new(vocabSize, contextLength, tokens => Certain(vocabSize, script[Math.Min(tokens.Count - promptLength, script.Length - 1)]));

    /// <summary>Returns logits that make one token almost certain.</summary>
    public static float[] Certain(int vocabSize, int id)
    {
        float[] row = new float[vocabSize];
        row[id] = 50;
        return row;
    }

    /// <summary>Gets the sequences whose log-probabilities were computed.</summary>
    public List<int[]> Scored { get; init; } = [];

    public float[][] LogProbs(IReadOnlyList<int[]> sequences, CancellationToken cancellationToken)
    {
        Scored.AddRange(sequences);
        Assert.All(sequences, sequence => Assert.InRange(sequence.Length, 1, contextLength));
        return [.. sequences.Select(sequence => ScoreOne([sequence[0]], sequence[1..]).Select(score => score.LogProb).ToArray())];
    }

    public TokenScore[][][] Score(IReadOnlyList<ScoringRequest> requests, CancellationToken cancellationToken) =>
        [.. requests.Select(request => request.Continuations.Select(continuation => ScoreOne([.. request.Context], continuation)).ToArray())];

    public IDecoder CreateDecoder()
    {
        Opened++;
        return Open([]);
    }

    public void AppendEach(IReadOnlyList<IDecoder> decoders, ReadOnlySpan<int> tokens, Span<float> to)
    {
        BatchSizes.Add(decoders.Count);
        Assert.Equal(decoders.Count, decoders.Distinct().Count());
        for (int i = 0; i < decoders.Count; i++)
            decoders[i].Append(tokens.Slice(i, 1)).CopyTo(to[(i * vocabSize)..]);
    }

    public void Dispose()
    {
    }

    private TokenScore[] ScoreOne(List<int> read, int[] continuation)
    {
        TokenScore[] scores = new TokenScore[continuation.Length];
        for (int i = 0; i < continuation.Length; i++)
        {
            float[] row = logits(read);
            double largest = row.Max(), sum = row.Sum(value => Math.Exp(value - largest));
            scores[i] = new TokenScore((float)(row[continuation[i]] - largest - Math.Log(sum)), Array.IndexOf(row, row.Max()) == continuation[i]);
            read.Add(continuation[i]);
        }

        return scores;
    }

    private Decoder Open(List<int> read)
    {
        OpenDecoders++;
        Read.Add(read);
        return new Decoder(this, read);
    }

    private sealed class Decoder(FakeModel model, List<int> read) : IDecoder
    {
        private readonly Func<IReadOnlyList<int>, float[]> _logits = model.Logits;

        public int Position => read.Count;

        public ReadOnlySpan<float> Append(ReadOnlySpan<int> tokens)
        {
            Assert.NotEqual(0, tokens.Length);
            int before = read.Count;
            read.AddRange(tokens);
            Assert.True(read.Count <= model.Config.ContextLength, "more tokens than the context holds");
            try
            {
                return _logits(read);
            }
            catch
            {
                read.RemoveRange(before, read.Count - before);
                throw;
            }
        }

        public IDecoder Fork() => model.Open([.. read]);

        public void Dispose() => model.OpenDecoders--;
    }

    /// <summary>Gets the function that computes the logits after the given tokens.</summary>
    public Func<IReadOnlyList<int>, float[]> Logits => logits;
}
