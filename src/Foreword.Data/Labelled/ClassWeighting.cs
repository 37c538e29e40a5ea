namespace Foreword.Data.Labelled;

/// <summary>How the classes of a training set count in the loss.</summary>
public enum ClassWeighting
{
    /// <summary>Every example counts the same.</summary>
    None,

    /// <summary>Every class counts the same: an example of a class of n_c weighs n / (k n_c).</summary>
    Balanced,
}
