namespace Foreword.Torch.Runs;

/// <summary>How a run ended, short of an error.</summary>
public enum RunOutcome
{
    /// <summary>All steps are made.</summary>
    Finished,

    /// <summary>It was asked to stop and saved a checkpoint.</summary>
    Stopped,

    /// <summary>The validation loss found no new best for as many validations as the recipe's patience.</summary>
    StoppedEarly,
}
