using Foreword.Tokenization;
using Foreword.Tokenization.Words;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Training;

/// <summary>
/// Starts the token embedding from vectors of words that were learnt elsewhere. Words without a vector keep their random rows. The rows
/// are scaled to the deviation of the random ones, because they are the output layer, too.
/// </summary>
public static class InitialEmbeddings
{
    /// <summary>Overwrites the rows of the words that the file has.</summary>
    /// <param name="model">A model with fresh weights.</param>
    /// <param name="tokenizer">Its words.</param>
    /// <param name="path">Vectors: <see cref="WordVectors"/>.</param>
    /// <param name="seed">Seed of the projection, where the vectors are of another width than the model: N(0, 1/C) entries, which keep scalar products on average (Johnson and Lindenstrauss 1984).</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="InvalidDataException">The tokenizer's tokens are not words, the file is broken, or it has none of the words.</exception>
    public static EmbeddingCoverage Apply(GptModel model, Tokenizer tokenizer, string path, long seed, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (tokenizer is not WordTokenizer)
            throw new InvalidDataException($"model.init_embeddings needs tokens that are words; the tokenizer is of the kind {tokenizer?.Kind}");
        string[] words = [.. Enumerable.Range(0, tokenizer.VocabularySize).Select(tokenizer.TokenText)];
        WordVectors vectors = WordVectors.Read(path, words.ToHashSet(StringComparer.Ordinal), cancellationToken);
        int[] found = [.. Enumerable.Range(0, words.Length).Where(id => vectors.Vectors.ContainsKey(words[id]))];
        if (found.Length == 0)
            throw new InvalidDataException($"{path} has none of the {words.Length} words of the vocabulary");

        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        int width = model.Config.NEmbd;
        Tensor rows = tensor(found.SelectMany(id => vectors.Vectors[words[id]]).ToArray(), [found.Length, vectors.Width]); // (n, D)
        if (vectors.Width != width)
        {
            using Generator generator = new((ulong)seed);
            rows = rows.matmul(randn([vectors.Width, width], generator: generator) / Math.Sqrt(width)); // (n, D) -> (n, C)
        }

        double root = rows.square().mean().sqrt().ToDouble();
        if (root == 0 || !double.IsFinite(root))
            throw new InvalidDataException($"{path}: the vectors are {(root == 0 ? "all zero" : "not finite")}");
        rows *= model.Config.InitializerRange / root;
        Tensor places = tensor(found.Select(id => (long)id).ToArray(), device: model.TokenEmbedding.device);
        model.TokenEmbedding.index_copy_(0, places, rows.to(model.TokenEmbedding.device));
        return new EmbeddingCoverage(path, found.Length, words.Length, vectors.Width, width);
    }
}

/// <summary>What <see cref="InitialEmbeddings"/> found.</summary>
/// <param name="Path">The file.</param>
/// <param name="Found">Words of the vocabulary that it has.</param>
/// <param name="Words">Words of the vocabulary.</param>
/// <param name="Width">Numbers of its vectors.</param>
/// <param name="ModelWidth">The model's width; other vectors were projected.</param>
public sealed record EmbeddingCoverage(string Path, int Found, int Words, int Width, int ModelWidth);
