using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Foreword.Server.Responses;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace Foreword.Server.Documentation;

/// <summary>Describes the API: as OpenAPI at <c>/openapi/v1.json</c>, and as a page at <c>/docs</c>. The document is made once, for the first request.</summary>
internal static class ApiDescription
{
    private const string DocumentName = "v1", Document = $"/openapi/{DocumentName}.json", Page = "/docs", Key = "key";

    /// <summary>What browsers let the page of the API do: use this server and nothing else. Its script writes styles into the page.</summary>
    private const string Policy = "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; frame-ancestors 'none'";

    /// <summary>Returns whether a path belongs to the description. It holds no secrets, so it needs no key.</summary>
    public static bool Has(PathString path) => path == Document || path.StartsWithSegments(Page, StringComparison.Ordinal);

    /// <summary>Adds the services.</summary>
    public static void Add(IServiceCollection services, bool needsKey)
    {
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            json.SerializerOptions.RespectNullableAnnotations = true;
            json.SerializerOptions.TypeInfoResolver = new DefaultJsonTypeInfoResolver();
        });
        services.AddOpenApi(DocumentName, options =>
        {
            options.AddDocumentTransformer((document, _, _) =>
            {
                Describe(document, needsKey);
                return Task.CompletedTask;
            });
            options.AddOperationTransformer(DescribeAsync);
            options.AddSchemaTransformer(DescribeAsync);
        });
    }

    /// <summary>Maps the document and the page.</summary>
    public static void Map(WebApplication application)
    {
        Lazy<Task<FixedContent>> document = new(() => WriteAsync(application.Services));
        application.MapMethods(Document, [HttpMethods.Get, HttpMethods.Head], async context => await (await document.Value.ConfigureAwait(false)).SendAsync(context).ConfigureAwait(false)).ExcludeFromDescription();
        application.MapScalarApiReference(Page, options => options
            .WithTitle("Foreword").WithOpenApiRoutePattern(Document).DisableDefaultFonts().DisableTelemetry().DisableAgent().DisableMcp().PreserveSchemaPropertyOrder().HideClientButton().HideDeveloperTools());
        application.Use((HttpContext context, RequestDelegate next) =>
        {
            if (context.Request.Path.StartsWithSegments(Page, StringComparison.Ordinal))
                context.Response.Headers.ContentSecurityPolicy = Policy;
            return next(context);
        });
    }

    /// <summary>Describes an endpoint. Endpoints without a description are left out of the document.</summary>
    /// <typeparam name="TAnswer">The answer's form.</typeparam>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="name">The name of the operation, which generators of clients use.</param>
    /// <param name="tag">The group that the endpoint belongs to.</param>
    /// <param name="summary">One sentence.</param>
    /// <param name="body">The form of the request's body with an example; null for none.</param>
    public static IEndpointConventionBuilder Describe<TAnswer>(this IEndpointConventionBuilder endpoint, string name, string tag, string summary, ApiBody? body = null)
    {
        endpoint.Add(builder => builder.Metadata.Insert(0, builder.RequestDelegate!.Method)); // endpoints without a method are not described
        endpoint.WithName(name).WithTags(tag).WithSummary(summary);
        string[] types = typeof(CompletionBase).IsAssignableFrom(typeof(TAnswer)) ? ["application/json", "text/event-stream"] : ["application/json"];
        endpoint.WithMetadata(new ProducesResponseTypeMetadata(200, typeof(TAnswer), types));
        foreach (int status in body is null ? (ReadOnlySpan<int>)[401, 404, 429, 503] : [400, 401, 404, 413, 429, 503, 504])
            endpoint.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(ErrorAnswer), ["application/json"]));
        return body is null ? endpoint : endpoint.WithMetadata(body);
    }

    /// <summary>Writes the document. It names no address, so a client takes the one that it read the document from.</summary>
    private static async Task<FixedContent> WriteAsync(IServiceProvider services)
    {
        OpenApiDocument document = await services.GetRequiredKeyedService<IOpenApiDocumentProvider>(DocumentName).GetOpenApiDocumentAsync().ConfigureAwait(false);
        return new FixedContent(Encoding.UTF8.GetBytes(await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1).ConfigureAwait(false)), "application/json; charset=utf-8");
    }

    private static void Describe(OpenApiDocument document, bool needsKey)
    {
        document.Servers = null;
        document.Info = new OpenApiInfo
        {
            Title = "Foreword",
            Version = "1",
            Description = "Serves language models and fine-tuned models. Completions, chat, embeddings and models have the form of OpenAI's API. A field that is not described here is refused.",
        };
        if (!needsKey)
            return;
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [Key] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "A key of the server." },
        };
        document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Key, document)] = [] }];
    }

    /// <summary>Adds body and parameters. The endpoints read both themselves, so the library does not see them.</summary>
    private static async Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (ApiParameter parameter in context.Description.ActionDescriptor.EndpointMetadata.OfType<ApiParameter>())
            (operation.Parameters ??= []).Add(parameter.Describe());
        if (context.Description.ActionDescriptor.EndpointMetadata.OfType<ApiBody>().FirstOrDefault() is not { } body)
            return;
        context.Document!.AddComponent(body.Type.Name, await context.GetOrCreateSchemaAsync(body.Type, null, cancellationToken).ConfigureAwait(false));
        operation.RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, OpenApiMediaType> { ["application/json"] = new() { Schema = new OpenApiSchemaReference(body.Type.Name, context.Document), Example = JsonNode.Parse(body.Example) } },
        };
    }

    /// <summary>Adds what the library does not read from attributes: several types, listed values, descriptions of objects, and that unknown fields are refused.</summary>
    private static async Task DescribeAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.JsonTypeInfo.Type.Namespace == typeof(ApiDescription).Namespace && context.JsonTypeInfo.Type.Name.EndsWith("Body", StringComparison.Ordinal))
            schema.AdditionalPropertiesAllowed = false;
        ICustomAttributeProvider? attributes = context.JsonPropertyInfo?.AttributeProvider;
        if (attributes?.GetCustomAttributes(typeof(DescriptionAttribute), false) is [DescriptionAttribute description])
            schema.Description = description.Description;
        if (attributes?.GetCustomAttributes(typeof(AllowedValuesAttribute), false) is [AllowedValuesAttribute allowed])
            schema.Enum = [.. allowed.Values.Select(value => JsonValue.Create((string?)value) ?? JsonNullSentinel.JsonNull)];
        if (attributes?.GetCustomAttributes(typeof(OneOfAttribute), false) is [OneOfAttribute oneOf])
        {
            schema.AnyOf = [];
            foreach (Type type in oneOf.Types)
                schema.AnyOf.Add(await context.GetOrCreateSchemaAsync(type, null, cancellationToken).ConfigureAwait(false));
            schema.Type = null;
        }
    }
}

/// <summary>The form of a request's body. The library's own metadata would refuse requests with another content type.</summary>
/// <param name="Type">The type that describes the fields.</param>
/// <param name="Example">A body, as JSON.</param>
internal sealed record ApiBody(Type Type, string Example);

/// <summary>A parameter in the address of an endpoint.</summary>
/// <param name="name">The name.</param>
/// <param name="place">Whether it is a part of the path or of the query.</param>
/// <param name="type">The type of its values.</param>
/// <param name="description">One sentence.</param>
internal sealed class ApiParameter(string name, ParameterLocation place, JsonSchemaType type, string description)
{
    public OpenApiParameter Describe() =>
        new() { Name = name, In = place, Required = place == ParameterLocation.Path, Description = description, Schema = new OpenApiSchema { Type = type } };
}
