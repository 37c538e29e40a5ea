using Foreword.Tasks;

namespace Foreword.Data.Datasets;

/// <summary>The parts of a data set, as they were read from its files.</summary>
/// <param name="Train">The training examples.</param>
/// <param name="Validation">The examples that select the best epoch; null to hold out a share of the training examples.</param>
/// <param name="Tests">
/// The parts that are evaluated at the end. Examples may have no labels. They are then only for predictions. Parts may share examples.
/// </param>
public sealed record DatasetContent(DatasetPart Train, DatasetPart? Validation, IReadOnlyList<DatasetPart> Tests)
{
    /// <summary>Gets all parts.</summary>
    public IReadOnlyList<DatasetPart> Parts => [Train, .. Validation is null ? Array.Empty<DatasetPart>() : [Validation], .. Tests];
}

/// <summary>One part of a data set.</summary>
/// <param name="Name">The name, which is <see cref="Training"/>, <see cref="Validating"/>, <see cref="Test"/> or a name such as <c>test_matched</c>.</param>
/// <param name="Examples">The examples, in the order of the files.</param>
/// <param name="Files">The files that were read.</param>
public sealed record DatasetPart(string Name, IReadOnlyList<TaskExample> Examples, IReadOnlyList<string> Files)
{
    /// <summary>The name of the training part.</summary>
    public const string Training = "train";

    /// <summary>The name of the validation part.</summary>
    public const string Validating = "validation";

    /// <summary>The name of the only test part.</summary>
    public const string Test = "test";

    /// <summary>Gets whether all examples have labels, so that metrics can be computed.</summary>
    public bool IsLabeled => Examples.All(example => example.Label is not null);

    /// <summary>
    /// Gets what a test server calls each example, in the order of the examples; empty if the files do not say it. The position of the example,
    /// counted from 0, is then used.
    /// </summary>
    public IReadOnlyList<string> Ids { get; init; } = [];

    /// <summary>
    /// Gets the ending of the name of the part's submission file, such as <c>-m</c>; empty if the data set has one submission file, and null if the
    /// part is not submitted.
    /// </summary>
    public string? SubmissionEnding { get; init; }

    /// <summary>Gets facts about the reading that a user has to know, one sentence each, such as the number of rows that were skipped.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
