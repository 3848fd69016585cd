# Packages of the Windows store, without frameworks and parts of Windows: store_apps
# timeout: 60
foreach ($package in @(Get-AppxPackage -AllUsers -PackageTypeFilter Main)) {
    if ($package.IsFramework -or $package.NonRemovable -or $package.SignatureKind -eq 'System') { continue }
    [ordered]@{
        Name      = [string]$package.Name
        Version   = [string]$package.Version
        Publisher = [string]$package.Publisher
    }
}
