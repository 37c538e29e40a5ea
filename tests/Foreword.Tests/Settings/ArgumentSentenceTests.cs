using Foreword.Settings;

namespace Foreword.Tests.Settings;

public sealed class ArgumentSentenceTests
{
    [Fact]
    public void TheParametersNameIsNotPartOfTheSentence()
    {
        Assert.Equal("there is no encoding 'x'", ArgumentSentence.Of(new ArgumentException("there is no encoding 'x'", "name")));
        Assert.Equal("there is no encoding 'x'", ArgumentSentence.Of(new ArgumentException("there is no encoding 'x'")));
    }

    [Fact]
    public void ANameThatTheSentenceItselfHasStays() =>
        Assert.Equal("a (Parameter 'b') c", ArgumentSentence.Of(new ArgumentException("a (Parameter 'b') c", "d")));
}
