using System.Text.Json.Nodes;

namespace Foreword.Tests.Generation.Constraints;

/// <summary>Draws schemas from everything that is supported.</summary>
internal sealed class RandomSchema(int seed)
{
    private static readonly string[] Names = ["a", "name", "é", "x\"y", "\\", "😀", "a b", "0"];

    private static readonly string[] Formats = ["date", "time", "date-time", "duration", "email", "ipv4", "ipv6", "uuid"];

    private static readonly string[] Patterns = ["^[a-z]{1,3}$", "^(ab|\"c\")+$", "[0-9]", "^\\\\?\\w*$", "^[a-z .]{2,4}$", "^[^a]*$"];

    private readonly Random _random = new(seed);

    /// <summary>Returns a schema. Half of the schemas refer to themselves.</summary>
    public JsonObject Draw()
    {
        JsonObject schema = new() { ["anyOf"] = new JsonArray(One(4), One(3)), ["$defs"] = new JsonObject { ["d"] = One(2), ["e"] = One(2) } };
        schema["$defs"]!["list"] = new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject { ["v"] = One(1), ["next"] = new JsonObject { ["anyOf"] = new JsonArray(Reference("list"), new JsonObject { ["type"] = "null" }) } },
            ["required"] = new JsonArray("v", "next"),
            ["additionalProperties"] = false,
        };
        return schema;
    }

    private static JsonObject Reference(string name) => new() { ["$ref"] = $"#/$defs/{name}" };

    private JsonObject One(int depth)
    {
        int kind = _random.Next(depth > 0 ? 14 : 8);
        return kind switch
        {
            0 => Number("integer"),
            1 => Number("number"),
            2 => new JsonObject { ["type"] = "string", ["format"] = Formats[_random.Next(Formats.Length)] },
            3 => new JsonObject { ["type"] = "string", ["pattern"] = Patterns[_random.Next(Patterns.Length)] },
            4 => new JsonObject { ["enum"] = new JsonArray("é\n\"", 1, null, true, new JsonArray(1, "x"), new JsonObject { ["k"] = 0.5 }) },
            5 => new JsonObject { ["const"] = Names[_random.Next(Names.Length)] },
            6 => new JsonObject { ["type"] = new JsonArray("boolean", "null", "string") },
            7 => Text(),
            8 or 9 or 10 => Object(depth),
            11 => Array(depth),
            12 => new JsonObject { ["anyOf"] = new JsonArray(One(depth - 1), One(depth - 1)) },
            _ => depth > 2 ? Reference(_random.Next(3) switch { 0 => "list", 1 => "d", _ => "e" }) : [],
        };
    }

    private JsonObject Text()
    {
        int min = _random.Next(3);
        return new JsonObject { ["type"] = "string", ["minLength"] = min, ["maxLength"] = min + _random.Next(4), ["title"] = "a text" };
    }

    private JsonObject Number(string type)
    {
        JsonObject schema = new() { ["type"] = type };
        int low = _random.Next(-300, 300);
        if (_random.Next(2) == 0)
            schema[_random.Next(2) == 0 ? "minimum" : "exclusiveMinimum"] = low;
        if (_random.Next(2) == 0)
            schema[_random.Next(2) == 0 ? "maximum" : "exclusiveMaximum"] = low + 50 + _random.Next(500);
        if (_random.Next(3) == 0)
            schema["multipleOf"] = type == "integer" ? _random.Next(1, 20) : 0.25m * _random.Next(1, 9);
        return schema;
    }

    private JsonObject Object(int depth)
    {
        JsonObject properties = [];
        JsonArray required = [];
        foreach (string name in Names.Where(_ => _random.Next(3) == 0))
        {
            properties[name] = One(depth - 1);
            if (_random.Next(2) == 0)
                required.Add((JsonNode)name);
        }

        return new JsonObject { ["type"] = "object", ["properties"] = properties, ["required"] = required, ["additionalProperties"] = false };
    }

    private JsonObject Array(int depth)
    {
        int min = _random.Next(3);
        JsonObject schema = new() { ["type"] = "array", ["items"] = One(depth - 1), ["minItems"] = min };
        if (_random.Next(2) == 0)
            schema["maxItems"] = min + _random.Next(3);
        return schema;
    }
}
