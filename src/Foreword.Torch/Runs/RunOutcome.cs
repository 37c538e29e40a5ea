namespace Foreword.Torch.Runs;

/// <summary>The way in which a run ended without an error.</summary>
public enum RunOutcome
{
    /// <summary>All steps were made.</summary>
    Finished,

    /// <summary>A stop was requested, and the run saved a checkpoint.</summary>
    Stopped,

    /// <summary>The validation result did not improve for as many validations as the recipe's patience.</summary>
    StoppedEarly,
}
