namespace Foreword.Extensions.AI.Requests;

/// <summary>Checks the model that a request names.</summary>
internal static class ModelName
{
    /// <summary>Checks that a request names no other model.</summary>
    /// <exception cref="ArgumentException">It names another model.</exception>
    public static void Check(string? id, ForewordModel model)
    {
        if (id is not null && id != model.Name)
            throw new ArgumentException($"ModelId is {id}; this model is {model.Name}. Each model has clients of its own", nameof(id));
    }
}
