namespace Foreword.Data.Decoding;

/// <summary>Without this switch of the runtime a gzip file that breaks off reads like one that ends there.</summary>
internal static class StrictGzip
{
    private const string Switch = "System.IO.Compression.UseStrictValidation";

    /// <summary>Switches it on, unless the application has decided.</summary>
    public static void SwitchOn()
    {
        if (!AppContext.TryGetSwitch(Switch, out _))
            AppContext.SetSwitch(Switch, true);
    }
}
