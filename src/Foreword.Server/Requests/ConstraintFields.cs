using System.Text.Json;
using Foreword.Generation.Constraints;

namespace Foreword.Server.Requests;

/// <summary>Reads what a text must match: OpenAI's <c>response_format</c>, and the fields of vLLM and llama.cpp for the same.</summary>
internal static class ConstraintFields
{
    private const int MostChoices = 1024;

    /// <summary>Reads the constraint; null if there is none.</summary>
    /// <exception cref="ApiException">Two fields ask for different things, or the constraint is not supported. The message names the place in it.</exception>
    public static TextConstraint? Read(RequestFields fields)
    {
        (string Field, TextConstraint? Constraint)[] given =
        [
            ("response_format", Format(fields)),
            ("choice", Choice(fields, "choice")),
            ("guided_choice", Choice(fields, "guided_choice")),
            ("regex", Checked("regex", fields.Text("regex"), "regex", TextConstraint.Regex)),
            ("guided_regex", Checked("guided_regex", fields.Text("guided_regex"), "regex", TextConstraint.Regex)),
            ("json_schema", Schema("json_schema", fields.Value("json_schema"))),
            ("guided_json", Schema("guided_json", fields.Value("guided_json"))),
        ];
        given = [.. given.Where(one => one.Constraint is not null)];
        return given.Length <= 1 ? given.FirstOrDefault().Constraint : throw new ApiException(400, $"{given[0].Field} and {given[1].Field} are both given; a text can have one constraint", given[1].Field);
    }

    private static TextConstraint? Format(RequestFields fields)
    {
        if (fields.Value("response_format") is not { } value)
            return null;
        RequestFields format = new(value, "response_format");
        string type = format.Text("type") ?? throw new ApiException(400, "response_format.type is missing; it must be text, json_object or json_schema", "response_format");
        TextConstraint? constraint = type switch
        {
            "text" => null,
            "json_object" => Checked("response_format", "", "object", _ => TextConstraint.JsonObject()),
            "json_schema" => OfSchema(format),
            _ => throw new ApiException(400, $"response_format.type is {type}; it must be text, json_object or json_schema", "response_format"),
        };
        format.Finish();
        return constraint;
    }

    private static TextConstraint OfSchema(RequestFields format)
    {
        JsonElement value = format.Value("json_schema") ?? throw new ApiException(400, "response_format.json_schema is missing; it must be an object with the field schema", "response_format");
        RequestFields named = new(value, "response_format.json_schema");
        named.Ignore("name", "description", "strict");
        TextConstraint constraint = Schema("response_format.json_schema.schema", named.Value("schema"))
            ?? throw new ApiException(400, "response_format.json_schema.schema is missing; it must be a JSON schema", "response_format");
        named.Finish();
        return constraint;
    }

    private static TextConstraint? Schema(string field, JsonElement? schema) => schema is not { } given ? null
        : given.ValueKind == JsonValueKind.String ? Checked(field, RequestFields.TextOf(given, field), "schema", TextConstraint.JsonSchema)
        : Checked(field, given.GetRawText(), "schema", TextConstraint.JsonSchema);

    private static TextConstraint? Choice(RequestFields fields, string field)
    {
        if (fields.Value(field) is null)
            return null;
        string[] texts = fields.Texts(field, MostChoices);
        return Checked(field, JsonSerializer.Serialize(texts), "choice", _ => TextConstraint.Choice(texts));
    }

    /// <summary>Returns the constraint for a text, and creates it at first; null if the text is null.</summary>
    private static TextConstraint? Checked(string field, string? text, string kind, Func<string, TextConstraint> create)
    {
        if (text is null)
            return null;
        try
        {
            return SharedConstraints.Get(kind, text, create);
        }
        catch (ArgumentException problem)
        {
            throw new ApiException(400, $"{field}: {ApiErrors.Sentence(problem)}", field.Split('.')[0]);
        }
    }
}
