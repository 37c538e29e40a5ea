using System.Globalization;

namespace Foreword.Models;

/// <summary>The architecture of a model.</summary>
public enum ModelArchitecture
{
    /// <summary>GPT-1: post-LN blocks and no final LayerNorm (Radford et al. 2018).</summary>
    Gpt1,

    /// <summary>GPT-2: pre-LN blocks and a final LayerNorm <c>ln_f</c> (Radford et al. 2019, section 2.3).</summary>
    Gpt2,

    /// <summary>A single-layer LSTM, with which the GPT-1 paper compares the Transformer (Radford et al. 2018, section 5).</summary>
    Lstm,
}

/// <summary>
/// Describes the architecture of a language model: <see cref="GptConfig"/> or <see cref="LstmConfig"/>. This type holds what both have. Code that
/// trains, scores or generates uses only this type.
/// </summary>
public abstract record ModelConfig
{
    private protected ModelConfig()
    {
    }

    /// <summary>Gets the architecture. A <see cref="GptConfig"/> is a GPT-1 or a GPT-2, and a <see cref="LstmConfig"/> is an LSTM.</summary>
    public ModelArchitecture Architecture { get; init; } = ModelArchitecture.Gpt2;

    /// <summary>Gets the width of the token embedding (C). In a GPT, it is also the width of the residual stream.</summary>
    public int NEmbd { get; init; } = 768;

    /// <summary>Gets the context length, which is the length of the longest sequence in tokens (n_positions, n_ctx, block_size).</summary>
    public int ContextLength { get; init; } = 1024;

    /// <summary>Gets the number of token ids (V).</summary>
    public int VocabSize { get; init; } = 50_257;

    /// <summary>Gets the dropout rate after the embeddings, from 0 to less than 1.</summary>
    public double EmbdDropout { get; init; } = 0.1;

    /// <summary>Gets the standard deviation of the initial weights. It is greater than 0. Biases start at 0.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>
    /// Gets whether the token embedding is also the output layer (tied), as in both papers. Otherwise, the output layer is a separate matrix.
    /// </summary>
    public bool TieWordEmbeddings { get; init; } = true;

    /// <summary>Gets the number of layers that can be transferred or frozen one by one: the blocks of a GPT, and 1 for an LSTM.</summary>
    public abstract int LayerCount { get; }

    /// <summary>Gets the width of the final hidden states, which the output layer and the head of a task read.</summary>
    public virtual int HiddenWidth => NEmbd;

    /// <summary>Gets the number of trained parameters. A tied output layer adds none.</summary>
    public abstract long ParameterCount { get; }

    /// <summary>
    /// Gets the number of floating-point operations per token of a training step (forward and backward), counted as 6 N. N is the number of
    /// parameters that take part in matrix products, that is, all except rows that are only looked up.
    /// </summary>
    public abstract double TrainingFlopsPerToken { get; }

    /// <summary>Gets the architecture and its sizes in one line, for people.</summary>
    internal abstract string Summary { get; }

    /// <summary>Checks that the values describe a possible model.</summary>
    /// <returns>This record.</returns>
    /// <exception cref="ArgumentException">A value is not valid. The message names the field, its value and the rule.</exception>
    public abstract ModelConfig Validate();

    /// <summary>Returns the number, from 0, of the layer that a parameter belongs to; null if it belongs to none.</summary>
    internal abstract int? LayerOf(string parameter);

    /// <summary>Returns this configuration with one value for all dropout rates.</summary>
    internal abstract ModelConfig WithDropout(double rate);

    /// <summary>Returns this configuration as that of a GPT, for code that supports nothing else.</summary>
    /// <param name="subject">What supports only a GPT, as the subject of a sentence, such as <c>a GGUF file</c>.</param>
    /// <exception cref="NotSupportedException">It is the configuration of an LSTM.</exception>
    internal GptConfig AsGpt(string subject) =>
        this as GptConfig ?? throw new NotSupportedException($"the model is an LSTM; {subject} supports only GPT-1 and GPT-2");

    private protected void CheckSizes()
    {
        Positive(NEmbd, "n_embd");
        Positive(ContextLength, "context_length");
        Positive(VocabSize, "vocab_size");
    }

    private protected void CheckSharedRates()
    {
        Rate(EmbdDropout, "embd_dropout");
        if (!(InitializerRange > 0 && double.IsFinite(InitializerRange)))
            throw new ArgumentException($"initializer_range is {Text(InitializerRange)}; it must be above 0");
    }

    private protected static void Positive(int value, string name)
    {
        if (value < 1)
            throw new ArgumentException($"{name} is {value}; it must be at least 1");
    }

    private protected static void Rate(double value, string name)
    {
        if (!(value >= 0 && value < 1))
            throw new ArgumentException($"{name} is {Text(value)}; it must be at least 0 and below 1");
    }

    private protected static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
