using System.Text.Json.Nodes;
using Foreword.Generation.Constraints;
using Json.Schema;

namespace Foreword.Tests.Generation.Constraints;

/// <summary>Checks texts against another program's validator.</summary>
public sealed class JsonSchemaPropertyTests
{
    private static readonly EvaluationOptions Strict = new() { RequireFormatValidation = true, OutputFormat = OutputFormat.List };

    [Fact]
    public void TheValidatorAcceptsWhatRandomLogitsWrite()
    {
        int texts = 0;
        for (int seed = 0; seed < 300; seed++)
        {
            string schema = new RandomSchema(seed).Draw().ToJsonString();
            TextConstraint constraint = TextConstraint.JsonSchema(schema);
            JsonSchema validator = JsonSchema.FromText(schema);
            for (int sample = 0; sample < 3; sample++)
            {
                (string text, bool ended) = ConstrainedTexts.Write(constraint, ConstrainedTexts.Words, seed * 10 + sample);
                Assert.True(ended, $"{schema}\n{text}");
                Assert.True(validator.Evaluate(JsonNode.Parse(text), Strict).IsValid, $"{schema}\n{text}");
                texts++;
            }
        }

        Assert.Equal(900, texts);
    }

    [Theory]
    [InlineData("date")]
    [InlineData("time")]
    [InlineData("date-time")]
    [InlineData("duration")]
    [InlineData("email")]
    [InlineData("ipv4")]
    [InlineData("ipv6")]
    [InlineData("uuid")]
    public void TheValidatorAcceptsTheFormats(string format)
    {
        string schema = $$"""{"type":"string","format":"{{format}}"}""";
        TextConstraint constraint = TextConstraint.JsonSchema(schema);
        JsonSchema validator = JsonSchema.FromText(schema);
        for (int seed = 0; seed < 100; seed++)
        {
            (string text, bool ended) = ConstrainedTexts.Write(constraint, ConstrainedTexts.Bytes, seed);
            Assert.True(ended, text);
            Assert.True(validator.Evaluate(JsonNode.Parse(text), Strict).IsValid, text);
        }
    }

    [Fact]
    public void HostNamesAreNamesOfTheDomainNameSystem()
    {
        // The validator refuses names without a dot, which RFC 1123 allows.
        TextConstraint constraint = TextConstraint.JsonSchema("""{"type":"string","format":"hostname"}""");
        for (int seed = 0; seed < 100; seed++)
        {
            (string text, bool ended) = ConstrainedTexts.Write(constraint, ConstrainedTexts.Bytes, seed);
            Assert.True(ended, text);
            Assert.Equal(UriHostNameType.Dns, Uri.CheckHostName(text[1..^1]));
        }
    }

    [Fact]
    public void TheValidatorNoticesAWrongText() => Assert.False(JsonSchema.FromText("""{"type":"string","format":"date"}""").Evaluate(JsonNode.Parse("\"2023-02-29\""), Strict).IsValid);
}
