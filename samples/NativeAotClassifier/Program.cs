using System.Text.Json.Serialization;
using Foreword;
using Foreword.Tasks;
using Microsoft.AspNetCore.Http.HttpResults;

if (args is not [var path, .. var rest])
{
    Console.Error.WriteLine("usage: NativeAotClassifier MODEL [--urls URL]");
    return 2;
}

using TaskModel model = TaskModel.Load(path);
WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(rest);
builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, Json.Default));
WebApplication app = builder.Build();
app.MapPost("/classify", Results<Ok<Answer>, BadRequest<string>> (Question question) =>
{
    if (string.IsNullOrWhiteSpace(question.Text))
        return TypedResults.BadRequest("text is empty");
    Prediction prediction = model.Predict(question.Text);
    return TypedResults.Ok(new Answer(prediction.Label, prediction.Probability));
});
app.Run();
return 0;

internal sealed record Question(string? Text);

internal sealed record Answer(string Label, double Probability);

[JsonSerializable(typeof(Question))]
[JsonSerializable(typeof(Answer))]
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
internal sealed partial class Json : JsonSerializerContext;
