using Foreword.Settings;
using Foreword.Tasks;
using Foreword.Tasks.Kinds;
using Foreword.Tokenization.Catalog;
using Foreword.Tokenization.Words;
using Foreword.Weights.Catalog;

namespace Foreword.Tests.Settings;

public sealed class RegistryTests
{
    [Fact]
    public void RegisteredMembersFollowTheBuiltInOnes()
    {
        Registry<string> colors = new("color", color => [color], ["red", "green"]);
        IReadOnlyList<string> before = colors.All;
        colors.Add("blue");
        Assert.Equal(["red", "green", "blue"], colors.All);
        Assert.Equal(["red", "green"], before);
    }

    [Fact]
    public void ANameIsRegisteredOnce()
    {
        Registry<string> colors = new("color", color => color.Split(' '), ["red", "light dark"]);
        string blue = "blue dark";
        ArgumentException problem = Assert.Throws<ArgumentException>(nameof(blue), () => colors.Add(blue));
        Assert.StartsWith("a color 'dark' is registered already", problem.Message);
        Assert.Equal(2, colors.All.Count);
        Assert.Throws<ArgumentNullException>(() => colors.Add(null!));
    }

    [Fact]
    public void ThreadsRegisterAtTheSameTime()
    {
        Registry<string> numbers = new("number", number => [number], []);
        Parallel.For(0, 200, i => numbers.Add($"{i}"));
        Assert.Equal(200, numbers.All.Distinct().Count());
        int refused = 0;
        Parallel.For(0, 200, _ =>
        {
            if (Record.Exception(() => numbers.Add("same")) is ArgumentException)
                Interlocked.Increment(ref refused);
        });
        Assert.Equal(199, refused);
    }

    [Fact]
    public void NoKindTakesANameTwice()
    {
        Assert.Contains("a weights format 'gguf' is registered already", Assert.Throws<ArgumentException>("format", () => WeightsCatalog.Register(WeightsCatalog.All.Single(format => format.Name == "gguf"))).Message);
        Assert.Contains("a fine-tuning task 'classification' is", Assert.Throws<ArgumentException>("task", () => FineTuningTask.Register(new ClassificationTask())).Message);
        Assert.Contains("a tokenizer trainer 'char' is", Assert.Throws<ArgumentException>("trainer", () => TrainerCatalog.Register(new CharTrainer())).Message);
        Assert.Contains("a tokenizer format 'hf' is", Assert.Throws<ArgumentException>("format", () => TokenizerFiles.Register(TokenizerFiles.Formats[0])).Message);
        Assert.Contains("names no files", Assert.Throws<ArgumentException>("format", () => TokenizerFiles.Register(new TokenizerFormat("empty", [], _ => throw new NotSupportedException()))).Message);
    }
}
