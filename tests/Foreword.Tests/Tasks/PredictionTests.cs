using System.Text.Json;
using Foreword.Tasks;

namespace Foreword.Tests.Tasks;

public class PredictionTests
{
    [Fact]
    public void AnyAnswerCanBeWrittenAsJson()
    {
        Assert.Equal(
            """{"Label":"no","Index":1,"Value":"NaN","Probabilities":[0.25,0.75],"Probability":0.75}""",
            JsonSerializer.Serialize(new Prediction("no", 1, double.NaN, [0.25, 0.75])));
        Assert.Equal(
            """{"Label":"3.5","Index":-1,"Value":3.5,"Probabilities":[],"Probability":"NaN"}""",
            JsonSerializer.Serialize(new Prediction("3.5", -1, 3.5, [])));
    }
}
