using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Foreword.Torch.Training;

/// <summary>The model that a pre-training run continues to train, opened without its weights.</summary>
/// <param name="Path">The model's directory or file.</param>
/// <param name="Config">The architecture.</param>
/// <param name="Tokenizer">The tokenizer stored with the model.</param>
internal sealed record StartingModel(string Path, ModelConfig Config, Tokenizer Tokenizer)
{
    /// <summary>Opens a model in any format, a checkpoint, a run, or a downloaded model by its name.</summary>
    /// <exception cref="DirectoryNotFoundException">Nothing exists at the path.</exception>
    /// <exception cref="FileNotFoundException">The model has no tokenizer.</exception>
    /// <exception cref="InvalidDataException">A file is broken, or tokenizer and model do not belong together.</exception>
    public static StartingModel Open(string path)
    {
        using ModelWeights weights = WeightsCatalog.Open(path);
        Tokenizer tokenizer = weights.Format.LoadTokenizer(weights.Path);
        if (tokenizer.VocabSize <= weights.Config.VocabSize)
            ModelDirectory.CheckVocabulary(weights.Path, tokenizer, weights.Config);
        else
            CheckFurtherTokens(weights.Path, tokenizer, weights.Config.VocabSize);
        return new StartingModel(weights.Path, weights.Config, tokenizer);
    }

    /// <summary>
    /// Checks that a tokenizer produces the ids that the model was trained on. It must be the model's own tokenizer, possibly with additional
    /// added tokens.
    /// </summary>
    /// <exception cref="InvalidDataException">It is another tokenizer. The message names the first difference.</exception>
    public void Check(Tokenizer tokenizer, string name)
    {
        if (tokenizer.Fingerprint == Tokenizer.Fingerprint)
            return;
        string another = $"{name} is not the tokenizer of {Path}";
        if (tokenizer.Kind != Tokenizer.Kind)
            throw new InvalidDataException($"{another}: its kind is {tokenizer.Kind}, the model's is {Tokenizer.Kind}");
        for (int id = 0; id < Math.Min(tokenizer.VocabSize, Tokenizer.VocabSize); id++)
        {
            if (tokenizer.TokenText(id) != Tokenizer.TokenText(id))
                throw new InvalidDataException($"{another}: token {id} is '{tokenizer.TokenText(id)}', the model's is '{Tokenizer.TokenText(id)}'");
        }

        if (tokenizer.VocabSize <= Tokenizer.VocabSize)
            throw new InvalidDataException($"{another}: it has {tokenizer.VocabSize} ids, the model's has {Tokenizer.VocabSize}, and they split text in different ways");
        CheckFurtherTokens(name, tokenizer, Tokenizer.VocabSize);
    }

    /// <summary>Returns the first id of a tokenizer for which the embedding needs a new row.</summary>
    public int FirstNewId(Tokenizer tokenizer) =>
        tokenizer.Fingerprint == Tokenizer.Fingerprint ? Config.VocabSize : Math.Min(Tokenizer.VocabSize, Config.VocabSize);

    /// <summary>
    /// Reads the weights into a model with at least this vocabulary and at most this context length. The rows of new ids, in the embedding and
    /// in a separate output layer, become the mean of the rows of this model's tokens.
    /// </summary>
    /// <param name="model">The model that receives the weights.</param>
    /// <param name="firstNewId">The first id with a new row, see <see cref="FirstNewId"/>.</param>
    /// <param name="layers">The number of layers, from the bottom, whose weights are read; null for all layers and for what follows them.</param>
    /// <param name="cancellationToken">Cancels the reading between two tensors.</param>
    /// <exception cref="InvalidDataException">A file is broken, or its tensors do not fit its configuration.</exception>
    public void ReadInto(LanguageModule model, int firstNewId, int? layers, CancellationToken cancellationToken = default)
    {
        ModelFiles.Transfer(Path, model, layers ?? Config.LayerCount, cancellationToken);
        if (firstNewId >= model.Config.VocabSize)
            return;
        FillWithMean(model.TokenEmbedding, firstNewId);
        if (!model.Config.TieWordEmbeddings)
            FillWithMean(model.OutputLayer, firstNewId);
        if (model.OutputBias is { } bias)
            FillWithMean(bias, firstNewId);
    }

    private void FillWithMean(Parameter matrix, int first)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        long known = Math.Min(first, Tokenizer.VocabSize);
        Tensor mean = matrix.narrow(0, 0, known).mean([0L], keepdim: true); // (known, C) -> (1, C), or (known) -> (1)
        matrix.narrow(0, first, matrix.shape[0] - first).copy_(mean);
    }

    /// <summary>Checks that all ids above the model's vocabulary are added tokens. If they are not, the tokenizer belongs to another model.</summary>
    private static void CheckFurtherTokens(string name, Tokenizer tokenizer, int first)
    {
        HashSet<int> added = [.. tokenizer.AddedTokens.Select(token => token.Id)];
        int other = Enumerable.Range(first, tokenizer.VocabSize - first).FirstOrDefault(id => !added.Contains(id), -1);
        if (other >= 0)
            throw new InvalidDataException($"{name}: the tokenizer has {tokenizer.VocabSize} ids, the model {first}, and token {other} ('{tokenizer.TokenText(other)}') is not an added token");
    }
}
