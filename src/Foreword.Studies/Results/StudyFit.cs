namespace Foreword.Studies.Results;

/// <summary>A power law over the levels of a curve.</summary>
/// <param name="Curve">The curve.</param>
/// <param name="Law">The law of all points.</param>
/// <param name="WithoutLast">The law without the largest level, which is held back.</param>
/// <param name="Largest">The largest level.</param>
/// <param name="Measured">The value that was measured there.</param>
public sealed record StudyFit(string Curve, PowerLaw Law, PowerLaw WithoutLast, double Largest, double Measured)
{
    /// <summary>Gets the value that the law without the largest level predicts for it.</summary>
    public double Predicted => WithoutLast.Of(Largest);
}
