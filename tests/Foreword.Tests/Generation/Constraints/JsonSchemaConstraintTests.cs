using Foreword.Generation.Constraints;

namespace Foreword.Tests.Generation.Constraints;

public sealed class JsonSchemaConstraintTests
{
    [Theory]
    [InlineData("""{"type":"object","properties":{"b":{"type":"string"},"a":{"type":"integer"}},"required":["a","b"]}""", """{"b":"x","a":1}""", """{"a":1,"b":"x"}""")]
    [InlineData("""{"type":"object","properties":{"b":{"type":"null"},"a":{"type":"boolean"}}}""", """{"a":true}""", """{,"a":true}""")]
    [InlineData("""{"type":"object","properties":{"b":{"type":"null"},"a":{"type":"boolean"}}}""", """{"b":null}""", """{"b":null,}""")]
    [InlineData("""{"type":"object","properties":{"b":{"type":"null"},"a":{"type":"boolean"}}}""", "{}", """{"c":1}""")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"null"},"b":{"type":"null"},"c":{"type":"null"}},"required":["b"]}""", """{"b":null,"c":null}""", """{"a":null,"c":null}""")]
    [InlineData("""{"type":"object","additionalProperties":false}""", "{}", """{"a":1}""")]
    [InlineData("""{"type":"object"}""", """{"x":[1,{}]}""", """[1]""")]
    [InlineData("""{"properties":{"a\"b":{"const":"é\n"}},"required":["a\"b"]}""", """{"a\"b":"é\n"}""", """{"a\"b":"\u00e9\n"}""")]
    [InlineData("""{"enum":["a",1,null,{"x":[true, 2.50]}]}""", """{"x":[true,2.50]}""", """{"x":[true, 2.50]}""")]
    [InlineData("""{"type":["string","null"]}""", "null", "1")]
    [InlineData("""{"anyOf":[{"type":"integer"},{"type":"array","items":{"type":"integer"}}]}""", "[1,2]", "[1,[2]]")]
    [InlineData("""{"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":2}""", "[1,2]", "[]")]
    [InlineData("""{"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":2}""", "[1]", "[1,2,3]")]
    [InlineData("""{"type":"array","items":{"type":"integer"},"maxItems":0}""", "[]", "[1]")]
    [InlineData("""{"type":"array","minItems":2}""", """["a",{"b":[]}]""", "[1]")]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", "\"é😀\"", "\"a\"")]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", "\"\\uD83D\\uDE00b\"", "\"\\uD83D\\uDE00\"")]
    [InlineData("""{"type":"string","pattern":"^[a-z\"\\\\]+$"}""", "\"a\\\"\\\\b\"", "\"aB\"")]
    [InlineData("""{"type":"string","pattern":"b+"}""", "\"a\\nbb😀\"", "\"ac\"")]
    [InlineData("""{"type":"string","pattern":"^b|c$"}""", "\"xc\"", "\"xb\"")]
    [InlineData("""{"type":"string","format":"date"}""", "\"2024-02-29\"", "\"2023-02-29\"")]
    [InlineData("""{"type":"string","format":"date-time"}""", "\"1999-12-31T23:59:59.5+01:00\"", "\"1999-12-31 23:59:59Z\"")]
    [InlineData("""{"type":"string","format":"time"}""", "\"00:00:00Z\"", "\"24:00:00Z\"")]
    [InlineData("""{"type":"string","format":"duration"}""", "\"P1Y2M3DT4H5M6S\"", "\"P\"")]
    [InlineData("""{"type":"string","format":"email"}""", "\"a.b@example.com\"", "\"a..b@example.com\"")]
    [InlineData("""{"type":"string","format":"hostname"}""", "\"a-b.example\"", "\"-a\"")]
    [InlineData("""{"type":"string","format":"ipv4"}""", "\"192.168.0.255\"", "\"192.168.0.256\"")]
    [InlineData("""{"type":"string","format":"ipv6"}""", "\"2001:db8::1\"", "\"1::2::3\"")]
    [InlineData("""{"type":"string","format":"ipv6"}""", "\"::\"", "\"1:2:3:4:5:6:7\"")]
    [InlineData("""{"type":"string","format":"uuid"}""", "\"123e4567-e89b-12d3-a456-426614174000\"", "\"123e4567e89b12d3a456426614174000\"")]
    [InlineData("""{"type":"integer"}""", "-120", "1.0")]
    [InlineData("""{"type":"number"}""", "-0.5", "1e5")]
    [InlineData("true", "[1]", "[1")]
    [InlineData("""{"$ref":"#/$defs/a~1b","$defs":{"a/b":{"type":"null"}}}""", "null", "1")]
    [InlineData("""{"type":"object","properties":{"v":{"type":"integer"},"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},"required":["v","next"]}""", """{"v":1,"next":{"v":2,"next":null}}""", """{"v":1,"next":{"v":2}}""")]
    [InlineData("""{"$ref":"#/$defs/tree","$defs":{"tree":{"type":"array","items":{"$ref":"#/$defs/tree"}}}}""", "[[],[[]]]", "[1]")]
    [InlineData("""{"title":"t","description":"d","type":"boolean","default":true,"examples":[1]}""", "true", "null")]
    public void KeywordsHaveTheirMeaning(string schema, string accepted, string refused)
    {
        TextConstraint constraint = TextConstraint.JsonSchema(schema);
        Assert.True(constraint.Accepts(accepted), accepted);
        Assert.False(constraint.Accepts(refused), refused);
    }

    [Theory]
    [InlineData("{", "the schema is not JSON")]
    [InlineData("1", "# is 1; a schema that allows a value is an object or true")]
    [InlineData("""{"type":"object","properties":{"a":false}}""", "#/properties/a is false; a schema that allows a value")]
    [InlineData("""{"type":"text"}""", "#/type is \"text\"; the types are object, array")]
    [InlineData("""{"type":"object","patternProperties":{}}""", "# has the keyword 'patternProperties', which is not supported")]
    [InlineData("""{"type":"object","propertees":{}}""", "did you mean 'properties'?")]
    [InlineData("""{"type":"array","items":{"allOf":[]}}""", "#/items has the keyword 'allOf', which is not supported")]
    [InlineData("""{"type":"object","additionalProperties":true}""", "#/additionalProperties is true; only false is supported")]
    [InlineData("""{"type":"object","properties":{"a":{}},"required":["b"]}""", "#/required names 'b', which is not in 'properties'")]
    [InlineData("""{"type":"object","properties":{"a":{},"a":{}}}""", "#/properties has 'a' twice")]
    [InlineData("""{"anyOf":[{"type":"null"}],"type":"null"}""", "# has 'anyOf' and 'type'; they cannot be combined")]
    [InlineData("""{"anyOf":[]}""", "#/anyOf is not a list of schemas")]
    [InlineData("""{"enum":[]}""", "#/enum is not a list of values")]
    [InlineData("""{"type":"string","enum":["a",1]}""", "#/enum has the value 1, which is not of the type string")]
    [InlineData("""{"type":"string","format":"regex"}""", "#/format is 'regex'; supported are date, time, date-time")]
    [InlineData("""{"type":"string","format":"date","pattern":"a"}""", "# has 'pattern' and 'format'; they cannot be combined")]
    [InlineData("""{"type":"string","format":"date","maxLength":3}""", "# has 'format' and 'maxLength'; they cannot be combined")]
    [InlineData("""{"type":"string","pattern":"(?!a)"}""", "#/pattern: the regular expression '(?!a)' has a group that is not '(?:' at position 0")]
    [InlineData("""{"type":"array","minItems":3,"maxItems":2}""", "# has the minItems 3 and the maxItems 2; no value has both")]
    [InlineData("""{"type":"array","minItems":-1}""", "#/minItems is -1; it must be an integer from 0 to 100000")]
    [InlineData("""{"type":"integer","minimum":"a"}""", "#/minimum is \"a\"; it must be a number of at most 28 digits")]
    [InlineData("""{"type":"integer","minimum":5,"maximum":4}""", "#: no number is an integer within the bounds")]
    [InlineData("""{"type":"integer","exclusiveMinimum":1,"exclusiveMaximum":2}""", "#: no number is an integer within the bounds")]
    [InlineData("""{"type":"number","minimum":1e20}""", "#: no number is within the bounds; numbers have at most 15 digits before the point and 15 after it")]
    [InlineData("""{"type":"number","multipleOf":-1}""", "#: multipleOf is -1; supported are 1 to 1000 times a power of ten that is at most 1")]
    [InlineData("""{"type":"integer","multipleOf":0.5}""", "#: multipleOf is 0.5; for integers, it must be an integer")]
    [InlineData("""{"$ref":"http://example.com/a"}""", "#/$ref is 'http://example.com/a'; only references into the same schema are supported")]
    [InlineData("""{"$ref":"#/$defs/a"}""", "#/$ref is '#/$defs/a'; the schema has nothing there")]
    [InlineData("""{"$ref":"#name"}""", "#/$ref is '#name'; anchors are not supported")]
    [InlineData("""{"$ref":"#"}""", "# refers to itself without anything in between")]
    [InlineData("""{"anyOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/a"}]}}}""", "#/$defs/a refers to itself without anything in between")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}""", "no text matches #; a value that always contains another one never ends")]
    [InlineData("""{"type":"string","minLength":100000}""", "the constraint is too large; it needs more than 1000000 states")]
    public void OtherThingsAreRefusedWithTheirPath(string schema, string problem) =>
        Assert.Contains(problem, Assert.Throws<ArgumentException>(() => TextConstraint.JsonSchema(schema)).Message, StringComparison.Ordinal);

    [Fact]
    public void AnAmbiguousRecursiveSchemaStaysSmall()
    {
        // Two alternatives begin with the same text at every level, so a text of n levels has 2^n readings until it ends.
        const string Schema = """{"anyOf":[{"type":"object","properties":{"a":{"$ref":"#"},"b":{"type":"null"}},"required":["a"]},{"type":"object","properties":{"a":{"$ref":"#"},"c":{"type":"null"}},"required":["a"]},{"type":"integer"}]}""";
        TextConstraint constraint = TextConstraint.JsonSchema(Schema);
        string open = string.Concat(Enumerable.Repeat("{\"a\":", 60));
        string close = string.Concat(Enumerable.Range(0, 60).Select(level => level % 3 == 0 ? ",\"b\":null}" : ",\"c\":null}"));
        Assert.True(constraint.Accepts($"{open}1{close}"));
        Assert.False(constraint.Accepts(open + "1,\"b\":null,\"c\":null}"));
    }

    [Fact]
    public void ARecursiveSchemaEndsAtTheDeepestLevelThatReadersAccept()
    {
        TextConstraint constraint = TextConstraint.JsonSchema("""{"type":"object","properties":{"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},"required":["next"]}""");
        string deepest = string.Concat(Enumerable.Repeat("{\"next\":", 64));
        Assert.True(constraint.Accepts(deepest + "null" + new string('}', 64)));
        Assert.False(constraint.Begins(deepest + "{"));
    }
}
