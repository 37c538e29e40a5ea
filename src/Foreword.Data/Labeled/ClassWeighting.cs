namespace Foreword.Data.Labeled;

/// <summary>The ways in which the classes of a training set are weighted in the loss.</summary>
public enum ClassWeighting
{
    /// <summary>Every example has the weight 1.</summary>
    None,

    /// <summary>
    /// Every class has the same total weight: an example of a class with n_c examples has the weight n / (k n_c), for n examples and k classes.
    /// </summary>
    Balanced,
}
