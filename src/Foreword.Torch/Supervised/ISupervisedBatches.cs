namespace Foreword.Torch.Supervised;

/// <summary>Divides the examples of a training into the micro-batches of each update. They depend only on the seed and the number of updates made.</summary>
internal interface ISupervisedBatches
{
    /// <summary>Gets the number of updates in an epoch.</summary>
    int StepsPerEpoch { get; }

    /// <summary>Gets the number of inputs of an epoch.</summary>
    long Tokens { get; }

    /// <summary>Returns the micro-batches of the update that follows a number of updates.</summary>
    SupervisedBatch[] After(int stepsMade);

    /// <summary>Describes a batch, for a message.</summary>
    string Describe(int stepsMade);
}
