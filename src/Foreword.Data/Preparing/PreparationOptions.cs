using Foreword.Data.Cleaning;
using Foreword.Data.Reading;

namespace Foreword.Data.Preparing;

/// <summary>Settings of <see cref="CorpusPreparer"/>.</summary>
public sealed record PreparationOptions
{
    /// <summary>Share of the documents that is held out for validation: 0, or from 0.0001 to 0.5. 0.01 unless set.</summary>
    public double ValidationShare { get; init; } = 0.01;

    /// <summary>
    /// Neighbouring documents that are held out together, at least 1. 1 unless set; more where neighbours repeat each other,
    /// so that the held-out text does not stand in the training split in other words.
    /// </summary>
    public int ValidationRun { get; init; } = 1;

    /// <summary>Chooses the documents that are held out. 1337 (nanoGPT's) unless set.</summary>
    public long Seed { get; init; } = 1337;

    /// <summary>Tokens in a full shard, from 1 to 2^31 - 1. 100 million (llm.c's) unless set.</summary>
    public int ShardTokens { get; init; } = 100_000_000;

    /// <summary>Whether the text of a special token in a document, such as <c>&lt;|endoftext|&gt;</c>, is that token; plain text unless set.</summary>
    public bool AllowSpecial { get; init; }

    /// <summary>How the documents were read; stands in the manifest, and another reading begins a preparation anew.</summary>
    public DocumentOptions Reading { get; init; } = new();

    /// <summary>What is made alike in the texts; nothing unless set.</summary>
    public TextNormalization Normalization { get; init; }

    /// <summary>Documents of fewer characters (UTF-16 units, after normalisation) are left out; 0 unless set.</summary>
    public int MinCharacters { get; init; }

    /// <summary>Which documents that repeat an earlier one are left out; none unless set. The corpus is then read once more beforehand.</summary>
    public Deduplication Deduplication { get; init; }

    /// <summary>For <see cref="Deduplication.MinHash"/>: the share of common runs of five words (Jaccard) from which on documents are the same, above 0 to 1. 0.8 unless set.</summary>
    public double DuplicateThreshold { get; init; } = 0.8;

    /// <summary>Texts tokenised at the same time, at least 1; all cores unless set. It never changes the result.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Throws where a value is outside its range.</summary>
    /// <exception cref="ArgumentException">The message names the setting and the value.</exception>
    public PreparationOptions Validate()
    {
        if (ValidationShare is not (0 or (>= ValidationSplit.SmallestShare and <= ValidationSplit.LargestShare)))
            throw new ArgumentException($"the validation share is {ValidationShare}; it is 0 or lies between {ValidationSplit.SmallestShare} and {ValidationSplit.LargestShare}");
        if (ValidationRun < 1)
            throw new ArgumentException($"a validation run of {ValidationRun} documents cannot be held out; it has at least 1");
        if (ShardTokens < 1)
            throw new ArgumentException($"a shard of {ShardTokens} tokens cannot be written; it has at least 1");
        if (MinCharacters < 0)
            throw new ArgumentException($"no document has fewer than {MinCharacters} characters; the least length is at least 0");
        if (DuplicateThreshold is not (> 0 and <= 1))
            throw new ArgumentException($"the threshold of duplicates is {DuplicateThreshold}; it lies above 0 and is at most 1");
        if (Threads < 1)
            throw new ArgumentException($"{Threads} threads cannot tokenise; there is at least 1");
        return this;
    }
}
