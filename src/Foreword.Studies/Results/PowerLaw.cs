using MathNet.Numerics.LinearRegression;

namespace Foreword.Studies.Results;

/// <summary>A power law with a floor: loss = floor + factor · x^-exponent (Kaplan et al. 2020; Hoffmann et al. 2022, with the floor).</summary>
/// <param name="Floor">The loss that no x reaches, 0 or more.</param>
/// <param name="Factor">The factor, 0 or more. It is 0 if the losses do not fall; the floor is then their mean.</param>
/// <param name="Exponent">The exponent, above 0.</param>
/// <param name="Residuals">Measured minus fitted loss of each point.</param>
public sealed record PowerLaw(double Floor, double Factor, double Exponent, IReadOnlyList<double> Residuals)
{
    /// <summary>The number of points that determine the three numbers.</summary>
    public const int LeastPoints = 3;

    private const double LeastExponent = 0.01, MostExponent = 2;

    /// <summary>Fits the law by least squares. For each exponent, floor and factor follow from a linear regression.</summary>
    /// <param name="x">Parameters, tokens or operations, each above 0; <see cref="LeastPoints"/> or more different ones.</param>
    /// <param name="losses">The losses, in nats.</param>
    /// <exception cref="ArgumentException">There are too few points, a number is not positive or not finite, or the lengths differ.</exception>
    public static PowerLaw Fit(IReadOnlyList<double> x, IReadOnlyList<double> losses)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(losses);
        if (x.Count != losses.Count || x.Distinct().Count() < LeastPoints)
            throw new ArgumentException($"{x.Distinct().Count()} places and {losses.Count} losses; expected {LeastPoints} or more places, each with a loss", nameof(x));
        if (!x.All(place => place > 0 && double.IsFinite(place)) || !losses.All(double.IsFinite))
            throw new ArgumentException("a place is not positive, or a loss is not finite", nameof(x));
        double unit = x.Max(); // keeps the powers near 1
        double[] places = [.. x.Select(place => place / unit)];
        double exponent = MathNet.Numerics.FindMinimum.OfScalarFunction(candidate => Squares(At(candidate)), BestOfGrid());
        exponent = Math.Clamp(exponent, LeastExponent, MostExponent);
        (double floor, double factor) = At(exponent).Line;
        return new PowerLaw(floor, factor * Math.Pow(unit, exponent), exponent, [.. At(exponent).Residuals]);

        double BestOfGrid() => Enumerable.Range(0, 200).Select(i => LeastExponent * Math.Pow(MostExponent / LeastExponent, i / 199.0)).MinBy(candidate => Squares(At(candidate)));

        double Squares(((double, double) Line, IEnumerable<double> Residuals) fitted) => fitted.Residuals.Sum(residual => residual * residual);

        ((double Floor, double Factor) Line, IEnumerable<double> Residuals) At(double candidate)
        {
            candidate = Math.Clamp(candidate, LeastExponent, MostExponent);
            double[] powers = [.. places.Select(place => Math.Pow(place, -candidate))];
            (double intercept, double slope) = SimpleRegression.Fit(powers, [.. losses]);
            if (intercept < 0)
                (intercept, slope) = (0, powers.Zip(losses, (power, loss) => power * loss).Sum() / powers.Sum(power => power * power));
            else if (slope < 0)
                (intercept, slope) = (losses.Average(), 0);
            return ((intercept, slope), powers.Zip(losses, (power, loss) => loss - intercept - slope * power));
        }
    }

    /// <summary>Returns the loss that the law gives for an x above 0.</summary>
    public double Of(double x) => Floor + Factor * Math.Pow(x, -Exponent);
}
