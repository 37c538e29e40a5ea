using System.Globalization;
using Foreword.Chat;
using Foreword.Data.Cleaning;
using Foreword.Data.Reading;

namespace Foreword.Data.Preparing;

/// <summary>The settings of <see cref="CorpusPreparer"/>.</summary>
public sealed record PreparationOptions
{
    /// <summary>Gets the share of the documents that is held out for validation: 0, or from 0.0001 to 0.5. The default is 0.01.</summary>
    public double ValidationShare { get; init; } = 0.01;

    /// <summary>
    /// Gets the number of neighboring documents that are held out together, 1 or more. The default is 1. Use more if neighbors repeat each other.
    /// Otherwise the training split may contain the held-out text in other words.
    /// </summary>
    public int ValidationRun { get; init; } = 1;

    /// <summary>Gets the seed that selects the held-out documents. The default is 1337, as in nanoGPT.</summary>
    public long Seed { get; init; } = 1337;

    /// <summary>Gets the number of tokens in a full shard, from 1 to 2^31 - 1. The default is 100 million, as in llm.c.</summary>
    public int ShardTokens { get; init; } = 100_000_000;

    /// <summary>
    /// Gets whether the text of a special token in a document, such as <c>&lt;|endoftext|&gt;</c>, becomes that token. The default is false: it is
    /// ordinary text.
    /// </summary>
    public bool AllowSpecial { get; init; }

    /// <summary>
    /// Gets how the documents were read. The manifest stores it. If it changes, an unfinished preparation starts from the beginning.
    /// </summary>
    public DocumentOptions Reading { get; init; } = new();

    /// <summary>Gets what a document is and how it becomes tokens. The default is text.</summary>
    public CorpusLayout Layout { get; init; }

    /// <summary>
    /// Gets how the messages of dialogues become text. The tokenizer gets the template's special tokens. Needed for <see cref="CorpusLayout.Chitchat"/>
    /// and <see cref="CorpusLayout.Messages"/>; null otherwise.
    /// </summary>
    public ChatTemplate? Template { get; init; }

    /// <summary>
    /// Gets the largest number of tokens of a dialogue, 2 or more. Longer dialogues lose their oldest messages. The default is null: every dialogue is
    /// kept whole.
    /// </summary>
    public int? DialogueTokens { get; init; }

    /// <summary>Gets the normalization of the texts. The default is none.</summary>
    public TextNormalization Normalization { get; init; }

    /// <summary>
    /// Gets the minimum length of a document in characters (UTF-16 code units, after normalization). Shorter documents are skipped. The default is 0.
    /// </summary>
    public int MinCharacters { get; init; }

    /// <summary>
    /// Gets which documents are skipped because they repeat an earlier one. The default is none. With deduplication, the corpus is read one
    /// additional time before it is tokenized.
    /// </summary>
    public Deduplication Deduplication { get; init; }

    /// <summary>
    /// Gets the threshold for <see cref="Deduplication.MinHash"/>, above 0 and at most 1. Two documents are duplicates if the Jaccard similarity of
    /// their runs of five words is at least this value. The default is 0.8.
    /// </summary>
    public double DuplicateThreshold { get; init; } = 0.8;

    /// <summary>
    /// Gets the number of texts that are tokenized at the same time, 1 or more. The default is the number of cores. It never changes the result.
    /// </summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Checks the settings and returns them.</summary>
    /// <exception cref="ArgumentException">A value is outside its range. The message names the setting and the value.</exception>
    public PreparationOptions Validate()
    {
        if (!ValidationSplit.IsShare(ValidationShare))
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"the validation share is {ValidationShare}; it must be {ValidationSplit.Shares}"));
        if (ValidationRun < 1)
            throw new ArgumentException($"the validation run is {ValidationRun} documents; it must be at least 1");
        if (ShardTokens < 1)
            throw new ArgumentException($"the size of a shard is {ShardTokens} tokens; it must be at least 1");
        if (MinCharacters < 0)
            throw new ArgumentException($"the minimum length of a document is {MinCharacters} characters; it must be at least 0");
        if (DuplicateThreshold is not (> 0 and <= 1))
            throw new ArgumentException($"the duplicate threshold is {DuplicateThreshold.ToString(CultureInfo.InvariantCulture)}; it must be above 0 and at most 1");
        if (Layout.HoldsDialogues() != Template is not null)
            throw new ArgumentException(Template is null ? $"the layout {Layout} needs a chat template" : $"the layout {Layout} has no messages for a chat template");
        if (DialogueTokens is { } most && (most < 2 || !Layout.HoldsDialogues()))
            throw new ArgumentException(most < 2 ? $"the largest length of a dialogue is {most} tokens; it must be at least 2" : "the largest length of a dialogue is for the layouts chitchat and messages");
        if (Layout.HoldsDialogues() && (MinCharacters > 0 || Normalization != TextNormalization.None || AllowSpecial))
            throw new ArgumentException($"the layout {Layout} has messages; normalization, a minimum length and special tokens in the text are only for text");
        if (Threads < 1)
            throw new ArgumentException($"the number of threads is {Threads}; it must be at least 1");
        return this;
    }
}
