using Foreword.Tokenization;
using Foreword.Tokenization.Words;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Training;

/// <summary>
/// Initializes the token embedding from word vectors that were trained elsewhere. Words without a vector keep their random rows. The vectors
/// are scaled to the standard deviation of the random rows, because the embedding is also the output layer.
/// </summary>
internal static class InitialEmbeddings
{
    /// <summary>Overwrites the embedding rows of the words that the file contains.</summary>
    /// <param name="model">A model with new weights.</param>
    /// <param name="tokenizer">A tokenizer whose tokens are words.</param>
    /// <param name="path">A file of word vectors in a format of <see cref="WordVectors"/>.</param>
    /// <param name="seed">
    /// Seed of the random projection, which is used if the vectors and the model differ in width. Its entries are drawn from N(0, 1/C), which
    /// preserves scalar products on average (Johnson and Lindenstrauss 1984).
    /// </param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <returns>How many words of the vocabulary the file contains.</returns>
    /// <exception cref="InvalidDataException">The tokenizer's tokens are not words, the file is broken, or it contains none of the words.</exception>
    public static EmbeddingCoverage Apply(LanguageModule model, Tokenizer tokenizer, string path, long seed, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (tokenizer is not WordTokenizer)
            throw new InvalidDataException($"model.init_embeddings needs tokens that are words; the tokenizer is of the kind {tokenizer?.Kind}");
        string[] words = [.. Enumerable.Range(0, tokenizer.VocabSize).Select(tokenizer.TokenText)];
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

/// <summary>The result of <see cref="InitialEmbeddings"/>.</summary>
/// <param name="Path">The file.</param>
/// <param name="Found">Number of words of the vocabulary that the file contains.</param>
/// <param name="Words">Number of words of the vocabulary.</param>
/// <param name="Width">Width of the vectors in the file.</param>
/// <param name="ModelWidth">Width of the model. Vectors of another width are projected to it.</param>
public sealed record EmbeddingCoverage(string Path, int Found, int Words, int Width, int ModelWidth);
