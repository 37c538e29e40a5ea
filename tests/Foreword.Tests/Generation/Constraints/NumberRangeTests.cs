using System.Globalization;
using Foreword.Generation.Constraints;
using Foreword.Numerics;

namespace Foreword.Tests.Generation.Constraints;

public sealed class NumberRangeTests
{
    private static readonly string[] Integers = [.. Enumerable.Range(-1200, 2401).Select(value => value.ToString(CultureInfo.InvariantCulture))];

    private static readonly string[] Decimals =
        [.. Enumerable.Range(-350, 701).SelectMany(value => new[] { 0, 1, 2 }.Select(digits => (value / (decimal)Math.Pow(10, digits)).ToString($"F{digits}", CultureInfo.InvariantCulture))).Distinct()];

    [Fact]
    public void IntegersAreAcceptedExactlyWithinTheirBounds()
    {
        SplitMix64 random = new(1);
        for (int round = 0; round < 40; round++)
            Check("integer", Integers, random, scale: 1);
    }

    [Fact]
    public void DecimalsAreAcceptedExactlyWithinTheirBounds()
    {
        SplitMix64 random = new(2);
        for (int round = 0; round < 40; round++)
            Check("number", Decimals, random, scale: 100);
    }

    [Theory]
    [InlineData("""{"minimum":0}""", "0", "-1")]
    [InlineData("""{"minimum":-5,"maximum":999999999999999999}""", "999999999999999", "-6")]
    [InlineData("""{"maximum":-5}""", "-999999999999999", "-4")]
    [InlineData("""{"minimum":10,"maximum":10}""", "10", "1")]
    [InlineData("""{"exclusiveMinimum":0}""", "1", "0")]
    [InlineData("""{"multipleOf":7}""", "-21", "22")]
    public void SingleBoundsHold(string keywords, string accepted, string refused)
    {
        TextConstraint constraint = TextConstraint.JsonSchema($"{{\"type\":\"integer\",{keywords[1..]}");
        Assert.True(constraint.Accepts(accepted));
        Assert.False(constraint.Accepts(refused));
    }

    private static void Check(string type, string[] values, SplitMix64 random, int scale)
    {
        decimal low = Draw(), high = low + Math.Abs(Draw()), step = Math.Max(1, Math.Round((decimal)random.NextDouble() * 30)) / (scale == 1 ? 1 : 10);
        bool excludesLow = random.NextDouble() < 0.5, excludesHigh = random.NextDouble() < 0.5, hasLow = random.NextDouble() < 0.8, hasHigh = random.NextDouble() < 0.8, hasStep = random.NextDouble() < 0.4;
        List<string> keywords = [$"\"type\":\"{type}\""];
        if (hasLow)
            keywords.Add($"\"{(excludesLow ? "exclusiveMinimum" : "minimum")}\":{Show(low)}");
        if (hasHigh)
            keywords.Add($"\"{(excludesHigh ? "exclusiveMaximum" : "maximum")}\":{Show(high)}");
        if (hasStep)
            keywords.Add($"\"multipleOf\":{Show(step)}");
        string schema = $"{{{string.Join(',', keywords)}}}";
        bool[] expected = [.. values.Select(Fits)];
        if (!expected.Contains(true))
            return; // the bounds may be refused
        TextConstraint constraint = TextConstraint.JsonSchema(schema);
        for (int i = 0; i < values.Length; i++)
            Assert.True(expected[i] == constraint.Accepts(values[i]), $"{schema} and {values[i]}");

        decimal Draw() => Math.Round((decimal)(random.NextDouble() - 0.5) * 400) / scale;

        static string Show(decimal value) => value.ToString(CultureInfo.InvariantCulture);

        bool Fits(string text)
        {
            decimal value = decimal.Parse(text, CultureInfo.InvariantCulture);
            int digits = text.Contains('.', StringComparison.Ordinal) ? text.Length - text.IndexOf('.', StringComparison.Ordinal) - 1 : 0;
            if (hasStep && (value % step != 0 || digits > (step == Math.Truncate(step) ? 0 : 1)))
                return false; // numbers are written with no more digits than the step has
            if (text is ['-', ..] && value == 0 && ((hasLow && low >= 0) || hasHigh || hasLow || hasStep))
                return false; // zero has no sign if there are bounds
            return (!hasLow || value > low || (value == low && !excludesLow)) && (!hasHigh || value < high || (value == high && !excludesHigh));
        }
    }
}
